#include "tools/sweep/runner.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <map>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

#include "tools/sweep/process.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto grace = std::chrono::seconds(5);  // between SIGTERM and SIGKILL

// SIGCHLD and the signals that end a sweep, blocked and fetched one by one: no handler, no race.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    ::signal(SIGCHLD, SIG_DFL);  // if inherited as ignored, children could not be waited for
    sigaddset(&set_, SIGCHLD);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
      struct sigaction action {};
      // What is ignored stays so: SIGHUP under nohup, SIGINT of a background job of a script.
      if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) sigaddset(&set_, signal);
    }
    ::sigprocmask(SIG_BLOCK, &set_, nullptr);
  }

  // True when the sweep is to end; false after any other signal or the time.
  bool wait(std::chrono::milliseconds time) const {
    const timespec limit{time.count() / 1000, (time.count() % 1000) * 1000000};
    const int signal = ::sigtimedwait(&set_, nullptr, &limit);
    return signal > 0 && signal != SIGCHLD;
  }

 private:
  sigset_t set_{};
};

// The last line with anything on it, printable and short: what a program says last is why it failed.
std::string last_line(const fs::path& log) {
  constexpr std::streamoff tail = 8192;
  constexpr std::size_t longest = 300;
  std::ifstream file(log, std::ios::binary | std::ios::ate);
  if (!file) return {};
  const std::streamoff size = file.tellg();
  file.seekg(std::max<std::streamoff>(0, size - tail));
  std::string text(static_cast<std::size_t>(std::min(size, tail)), '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  const auto end = text.find_last_not_of(" \t\r\n");
  if (end == text.npos) return {};
  const auto before = text.find_last_of("\r\n", end);
  std::string line =
      text.substr(before == text.npos ? 0 : before + 1, end - (before == text.npos ? 0 : before + 1) + 1);
  line.erase(std::remove_if(line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }),
             line.end());
  if (line.size() > longest) line = line.substr(0, longest) + "...";
  return line;
}

Environment environment_of(const Combination& combination) {
  const Value* threads = combination.find("threads");
  if (threads == nullptr) return {"OMP_NUM_THREADS=1"};
  if (threads->json.is_number_integer() && threads->json.get<std::int64_t>() > 0)
    return {"OMP_NUM_THREADS=" + threads->text};
  return {};
}

class Runner {
 public:
  explicit Runner(const Job& job) : job_(job), lock_(prepare(job.output)), progress_(job.quiet) {
    const std::optional<Table> earlier = Table::read(job.output);
    table_.program = job.program_name;
    table_.command = job.command;
    table_.runs = known_rows(job, earlier);
    counts_.total = static_cast<int>(table_.runs.size());
    std::unordered_set<std::string> ours;
    for (std::size_t i = 0; i < table_.runs.size(); ++i) {
      ours.insert(table_.runs[i].id);
      if (table_.runs[i].status == "pending")
        queue_.push_back(i);
      else
        ++(table_.runs[i].status == "failed" ? counts_.failed : counts_.skipped);
    }
    // Results of earlier grids in this folder stay in its table, after this sweep's.
    if (earlier)
      for (const RunRow& row : earlier->runs)
        if (row.status != "pending" && !ours.contains(row.id)) table_.runs.push_back(row);
  }

  Outcome run() {
    table_.write(job_.output);
    Outcome outcome;
    std::size_t next = 0;
    Clock::time_point deadline{};
    while (true) {
      while (!outcome.interrupted && next < queue_.size() && running_.size() < static_cast<std::size_t>(job_.jobs))
        start(queue_[next++]);
      if (running_.empty() && (outcome.interrupted || next == queue_.size())) break;
      counts_.running = static_cast<int>(running_.size());
      progress_.show(counts_);

      if (signals_.wait(std::chrono::milliseconds(200))) {
        // A second Ctrl-C does not wait for the grace period.
        deadline = outcome.interrupted ? Clock::now() : Clock::now() + grace;
        if (!outcome.interrupted) signal_all(SIGTERM);
        outcome.interrupted = true;
      }
      if (outcome.interrupted && Clock::now() >= deadline) signal_all(SIGKILL);
      collect(outcome.interrupted);
      save_now_and_then();
    }
    counts_.running = 0;
    progress_.show(counts_);
    progress_.clear();
    try {
      table_.write(job_.output);
      table_problem_.clear();
    } catch (const std::exception& error) {
      table_problem_ = error.what();
    }
    outcome.counts = counts_;
    outcome.table_problem = table_problem_;
    outcome.runs.assign(table_.runs.begin(), table_.runs.begin() + counts_.total);
    return outcome;
  }

 private:
  static const fs::path& prepare(const fs::path& output) {
    std::error_code error;
    fs::create_directories(output / "logs", error);
    if (error)
      throw std::runtime_error(
          fmt::format("{}: cannot be used as the output folder: {}", output.string(), error.message()));
    return output;
  }

  void start(std::size_t index) {
    const RunRow& row = table_.runs[index];
    try {
      // Not finished, or it would not be in the queue; the program itself must find no folder.
      fs::remove_all(job_.output / row.id);
      const Combination& combination = job_.combinations[index];
      const pid_t child = start_process(run_command(job_, combination), environment_of(combination), log_of(row));
      running_.emplace(child, index);
    } catch (const std::exception& error) {
      settle(index, "failed", std::nullopt, error.what());
    }
  }

  void signal_all(int signal) const {
    for (const auto& [child, index] : running_) ::kill(-child, signal);
  }

  void collect(bool interrupted) {
    while (true) {
      // First look, then end what is left of its group, then collect: the id cannot be another's in between.
      siginfo_t ended{};
      if (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0) return;
      const pid_t child = ended.si_pid;
      const auto found = running_.find(child);
      if (found != running_.end()) ::kill(-child, SIGKILL);
      int status = 0;
      if (::waitpid(child, &status, 0) != child || found == running_.end()) continue;
      const std::size_t index = found->second;
      running_.erase(found);
      judge(index, status, interrupted);
    }
  }

  void judge(std::size_t index, int status, bool interrupted) {
    const RunRow& row = table_.runs[index];
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    const Completion completion = read_completion(job_.output / row.id);
    if (completion.final) {
      settle(index, completion.status, code, completion.reason);
    } else if (interrupted) {
      table_.runs[index].reason = "interrupted";
    } else if (WIFSIGNALED(status)) {
      const std::string line = last_line(log_of(row));
      settle(index, "failed", code,
             fmt::format("killed by signal {} ({}){}{}", WTERMSIG(status), ::strsignal(WTERMSIG(status)),
                         line.empty() ? "" : "; last line: ", line));
    } else if (code == 0) {
      settle(index, "failed", code, fmt::format("exit code 0, but {}", completion.problem));
    } else {
      const std::string line = last_line(log_of(row));
      settle(index, "failed", code, line.empty() ? fmt::format("exit code {}, nothing in its log", code) : line);
    }
  }

  void settle(std::size_t index, const std::string& status, std::optional<int> code, const std::string& reason) {
    RunRow& row = table_.runs[index];
    row.status = status;
    row.exit_code = code;
    row.reason = reason;
    ++(status == "completed" ? counts_.completed : status == "diverged" ? counts_.diverged : counts_.failed);
    if (status == "failed") progress_.note(fmt::format("failed {}: {}", row.id, reason));
  }

  // At most every second, and at most a fiftieth of the time: a table of 10,000 runs takes a while to write.
  void save_now_and_then() {
    const auto now = Clock::now();
    if (now < next_save_) return;
    try {
      table_.write(job_.output);
      table_problem_.clear();
    } catch (const std::exception& error) {
      table_problem_ = error.what();  // the runs' own folders hold the results: go on
    }
    next_save_ = Clock::now() + std::max<Clock::duration>(std::chrono::seconds(1), 50 * (Clock::now() - now));
  }

  fs::path log_of(const RunRow& row) const { return job_.output / "logs" / (row.id + ".log"); }

  const Job& job_;
  FolderLock lock_;
  Signals signals_;
  Progress progress_;
  Table table_;  // the first counts_.total rows are this sweep's combinations, in order
  Counts counts_;
  std::vector<std::size_t> queue_;
  std::map<pid_t, std::size_t> running_;
  std::string table_problem_;
  Clock::time_point next_save_ = Clock::now();
};

}  // namespace

std::vector<std::string> run_command(const Job& job, const Combination& combination) {
  std::vector<std::string> argv = {job.program.string()};
  for (std::string& argument : combination.arguments()) argv.push_back(std::move(argument));
  argv.push_back("--output=" + (job.output / combination.id).string());
  argv.emplace_back("--quiet");
  return argv;
}

std::vector<RunRow> known_rows(const Job& job, const std::optional<Table>& earlier) {
  std::unordered_map<std::string, const RunRow*> before;
  if (earlier) {
    if (earlier->program != job.program_name)
      throw std::runtime_error(fmt::format("{}: holds runs of {}, not of {}: choose another --output",
                                           job.output.string(), earlier->program, job.program_name));
    for (const RunRow& row : earlier->runs) before.emplace(row.id, &row);
  }
  std::vector<RunRow> rows;
  for (const Combination& combination : job.combinations) {
    RunRow row;
    row.id = combination.id;
    row.options = combination.options();
    const auto found = before.find(row.id);
    const RunRow* old = found == before.end() ? nullptr : found->second;
    const Completion completion = read_completion(job.output / row.id);
    if (completion.final) {
      row.status = completion.status;
      row.reason = completion.reason;
      row.exit_code = old != nullptr && old->exit_code ? *old->exit_code : completion.status == "diverged" ? 3 : 0;
    } else if (!job.retry_failed && ((old != nullptr && old->status == "failed") || completion.status == "failed")) {
      row.status = "failed";
      row.reason = old != nullptr && !old->reason.empty() ? old->reason : completion.reason;
      row.exit_code = old != nullptr ? old->exit_code : std::nullopt;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Outcome run_sweep(const Job& job) { return Runner(job).run(); }

}  // namespace gradus::sweep
