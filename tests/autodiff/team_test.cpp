#include "autodiff/kernels/team.h"

#include <sys/resource.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace gradus::kernels {
namespace {

class ThreadTeam : public ::testing::Test {
 protected:
  ~ThreadTeam() override { set_threads(1); }
};

TEST_F(ThreadTeam, DoesEachPartOnce) {
  for (const int threads : {1, 2, 3, 8})
    for (const std::int64_t parts : {0, 1, 2, 7, 1000, (1 << 20) + 3}) {
      set_threads(threads);
      std::vector<std::atomic<char>> done(static_cast<std::size_t>(parts));
      share(parts, [&](std::int64_t part) { ++done[static_cast<std::size_t>(part)]; });
      ASSERT_TRUE(std::all_of(done.begin(), done.end(), [](const auto& times) { return times == 1; }))
          << threads << " threads, " << parts << " parts";
    }
}

TEST_F(ThreadTeam, CutsRangesThatDoNotDependOnTheNumberOfThreads) {
  std::set<std::vector<std::int64_t>> seen;
  for (const int threads : {1, 2, 5}) {
    set_threads(threads);
    std::vector<std::int64_t> ends(10);
    share_ranges(100, 11,
                 [&](std::int64_t first, std::int64_t end) { ends[static_cast<std::size_t>(first / 11)] = end; });
    seen.insert(ends);
  }
  EXPECT_EQ(seen, (std::set<std::vector<std::int64_t>>{{11, 22, 33, 44, 55, 66, 77, 88, 99, 100}}));
  int calls = 0;
  share_ranges(21, 11, [&](std::int64_t first, std::int64_t end) { calls += first == 0 && end == 21; });
  EXPECT_EQ(calls, 1);
}

TEST_F(ThreadTeam, ThrowsWhatAPartThrowsAndGoesOn) {
  set_threads(3);
  for (int round = 0; round < 100; ++round) {
    EXPECT_THROW(share(50,
                       [](std::int64_t part) {
                         if (part % 7 == 3) throw std::runtime_error("a part");
                       }),
                 std::runtime_error);
    std::atomic<int> done{0};
    share(50, [&](std::int64_t) { ++done; });
    ASSERT_EQ(done, 50);
  }
}

TEST_F(ThreadTeam, ServesSharesWithinPartsAndSeveralCallers) {
  set_threads(4);
  std::atomic<int> done{0};
  const auto work = [&] {
    for (int round = 0; round < 200; ++round) share(6, [&](std::int64_t) { share(5, [&](std::int64_t) { ++done; }); });
  };
  {
    std::jthread other(work);
    work();
  }
  EXPECT_EQ(done, 2 * 200 * 30);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(ThreadTeam, SaysThatAThreadCannotBeStarted) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // in a process that has no team yet
  const auto share_with_many = [] {
    const rlimit limit{256 << 20, 256 << 20};  // bytes, of which each thread's stack takes a part
    ::setrlimit(RLIMIT_AS, &limit);
    set_threads(256);
    try {
      share(1000, [](std::int64_t) {});
    } catch (const std::exception& error) {
      std::_Exit(std::string(error.what()).find("cannot be started") != std::string::npos ? 0 : 2);
    }
    std::_Exit(1);
  };
  EXPECT_EXIT(share_with_many(), ::testing::ExitedWithCode(0), "");
}
#endif

}  // namespace
}  // namespace gradus::kernels
