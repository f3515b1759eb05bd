// Threads of our own rather than OpenMP's: at the end of OpenMP's region the caller waits for every thread of the team,
// also for one that the system does not let run; here it takes over the parts that nobody has begun. And there is no
// OpenMP in a build without oneDNN.
#include "autodiff/kernels/team.h"

#include <fmt/format.h>
#include <sched.h>
#include <signal.h>

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace gradus::kernels {
namespace {

std::atomic<int> thread_count{1};
thread_local bool in_part = false;

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

// The parts of a thread that nobody has begun, [next, end), and the round to which they belong, in one word: whoever
// comes late finds another round and takes nothing. Beside it what to do, so that a waiting thread gets all it needs
// with one line of the cache: lines take long from one core to another.
struct alignas(64) Share {
  static constexpr int bits = 20;
  static constexpr std::uint64_t limit = std::uint64_t{1} << bits;
  std::atomic<std::uint64_t> word{0};
  detail::CallPart call = nullptr;
  const void* work = nullptr;

  static std::uint64_t joined(std::uint64_t round, std::uint64_t next, std::uint64_t end) {
    return round << (2 * bits) | next << bits | end;
  }
  static std::uint64_t round_of(std::uint64_t word) { return word >> (2 * bits); }
  std::uint64_t round() const { return round_of(word.load(std::memory_order_acquire)); }

  // The next part of this round, or -1.
  std::int64_t take(std::uint64_t round) {
    std::uint64_t now = word.load(std::memory_order_acquire);
    for (;;) {
      const std::uint64_t next = now >> bits & (limit - 1), end = now & (limit - 1);
      if (round_of(now) != round || next == end) return -1;
      if (word.compare_exchange_weak(now, now + limit, std::memory_order_acq_rel, std::memory_order_acquire))
        return static_cast<std::int64_t>(next);
    }
  }
};

int processors() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

// The caller of `run` and threads that sleep between the rounds, after a while in which the next one may come.
class Team {
 public:
  explicit Team(int size) : size_(size), shares_(new Share[static_cast<std::size_t>(size)]) {
    patience_ = size <= processors() ? 20'000 : 200;
    // Signals are the others'. What a handler did on the stack of a thread in oneDNN's product would destroy memory.
    sigset_t all, before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    std::exception_ptr error;
    try {
      for (int me = 1; me < size; ++me) threads_.emplace_back([this, me] { serve(me); });
    } catch (...) {
      error = std::current_exception();
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (error) {
      end();  // those that were started
      throw std::runtime_error(fmt::format(
          "thread {} of {} cannot be started: expected fewer threads, or larger limits of memory and processes",
          threads_.size() + 2, size));
    }
  }
  Team(const Team&) = delete;
  ~Team() { end(); }

  int size() const { return size_; }

  void run(std::int64_t parts, detail::CallPart call, const void* work) {
    error_ = nullptr;
    left_.store(parts, std::memory_order_relaxed);
    for (int i = 0; i < size_; ++i) {
      shares_[i].call = call;
      shares_[i].work = work;
    }
    announce((round_ + 1) & round_mask, parts);
    work_on(0, round_);
    for (int looks = 0; left_.load(std::memory_order_acquire) > 0; ++looks)
      looks < patience_ ? pause() : std::this_thread::yield();
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void end() {
    ends_ = true;
    announce((round_ + 1) & round_mask, 0);
  }

  static constexpr std::uint32_t round_mask = (1u << 24) - 1;

  // The others first: they have the longer way.
  void announce(std::uint32_t round, std::int64_t parts) {
    round_ = round;
    for (int i = size_ - 1; i >= 0; --i) {
      const auto first = static_cast<std::uint64_t>(parts * i / size_);
      const auto end = static_cast<std::uint64_t>(parts * (i + 1) / size_);
      shares_[i].word.store(Share::joined(round, first, end), std::memory_order_release);
    }
    alarm_.store(round);  // in one order with a sleeper's look at it
    alarm_.notify_all();  // a system call only if one sleeps
  }

  // Its own share, then what is left of the others'. A part once taken keeps its round from ending.
  void work_on(int me, std::uint32_t round) {
    in_part = true;
    for (int i = 0; i < size_; ++i) {
      std::int64_t done = 0;
      for (std::int64_t part; (part = shares_[(me + i) % size_].take(round)) >= 0; ++done) {
        try {
          shares_[me].call(shares_[me].work, part);
        } catch (...) {
          const std::lock_guard lock(error_guard_);
          if (!error_) error_ = std::current_exception();
        }
      }
      if (done > 0) left_.fetch_sub(done, std::memory_order_acq_rel);
    }
    in_part = false;
  }

  void serve(int me) {
    std::uint32_t seen = 0;
    for (;;) {
      const Share& own = shares_[me];
      for (int looks = 0; own.round() == seen && looks < patience_; ++looks) pause();
      if (own.round() == seen) {
        alarm_.wait(seen);
        continue;
      }
      seen = static_cast<std::uint32_t>(own.round());
      if (ends_) return;
      work_on(me, seen);
    }
  }

  const int size_;
  int patience_;
  std::unique_ptr<Share[]> shares_;
  std::uint32_t round_ = 0;
  std::exception_ptr error_;
  std::mutex error_guard_;
  alignas(64) std::atomic<std::int64_t> left_{0};
  alignas(64) std::atomic<std::uint32_t> alarm_{0};  // the round, for those that sleep
  std::atomic<bool> ends_{false};
  std::vector<std::jthread> threads_;  // last, so that they end before what they use
};

}  // namespace

void set_threads(int threads) {
  if (threads < 1) throw std::invalid_argument(fmt::format("threads: {}, expected at least 1", threads));
  thread_count = threads;
}

int threads() { return thread_count.load(std::memory_order_relaxed); }

void detail::share(std::int64_t parts, CallPart call, const void* work) {
  static std::mutex guard;
  static Team* team = nullptr;  // never destroyed: a program may end while its threads sleep
  if (!in_part) {
    if (const std::unique_lock lock(guard, std::try_to_lock); lock) {
      const int size = threads();
      if (!team || team->size() != size) {
        delete team;
        team = nullptr;
        team = new Team(size);
      }
      constexpr auto most = static_cast<std::int64_t>(Share::limit) - 1;
      for (std::int64_t first = 0; first < parts; first += most) {
        if (parts <= most) return team->run(parts, call, work);
        const auto later = [=](std::int64_t part) { call(work, first + part); };
        team->run(
            std::min(most, parts - first),
            [](const void* w, std::int64_t part) { (*static_cast<decltype(later)*>(w))(part); }, &later);
      }
      return;
    }
  }
  for (std::int64_t part = 0; part < parts; ++part) call(work, part);
}

}  // namespace gradus::kernels
