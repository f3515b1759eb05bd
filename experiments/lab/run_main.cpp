// A program from its arguments to its exit code.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <new>

#include "autodiff/kernels/products.h"
#include "autodiff/kernels/simd.h"
#include "experiments/lab/continuation.h"
#include "experiments/lab/run.h"
#include "experiments/records/checkpoint.h"
#include "experiments/records/completion.h"
#include "experiments/records/executable.h"
#include "experiments/records/files.h"
#include "experiments/records/lifeline.h"
#include "experiments/records/run_folder.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"
#include "process/heap.h"
#include "process/subnormals.h"

namespace gradus::lab {

using records::Status;
using Body = std::function<void(Run&)>;

class Session {
 public:
  Session(std::string program, std::string summary, const Body& body, std::string default_dtype)
      : program_(std::move(program)), summary_(std::move(summary)), body_(body), dtype_(std::move(default_dtype)) {}

  int run(const std::vector<std::string>& arguments);
  int describe_runs();

 private:
  std::unique_ptr<Run> make(const std::vector<std::string>& arguments, Continuation from) const;
  void complain(const std::string& what) const {
    if (run_) run_->progress_.finish();
    records::complain(program_, what);
  }
  // Ends the record of the run, if there is one, with a line for the user.
  Exit end(Exit exit, Status status, const std::string& reason, std::string line);
  std::string record(Status status, const std::string& reason, bool goes_on = false);
  std::string what_is_left() const;
  // A folder that goes with this object, of a run that is computed again until the step of a fork.
  struct Retraced {
    std::filesystem::path folder = {};
    std::optional<Exit> ended = {};  // without having come there
    Retraced() = default;
    Retraced(const Retraced&) = delete;
    ~Retraced() {
      std::error_code ignored;
      if (!folder.empty()) std::filesystem::remove_all(folder, ignored);
    }
  };
  void retrace(Continuation& from, const std::vector<std::string>& arguments, Retraced& trunk) const;
  nlohmann::json described(const std::string& line) const;

  std::string program_, summary_;
  const Body& body_;
  std::string dtype_;
  std::unique_ptr<Run> run_;
  bool is_silent_when_stopped_ = false;
};

std::unique_ptr<Run> Session::make(const std::vector<std::string>& arguments, Continuation from) const {
  Options options(program_, arguments);
  options.take_recorded(from.options());
  return std::make_unique<Run>(std::move(options), summary_, dtype_, std::move(from));
}

// What the system refused; empty where the record was made. Then at least the failure is recorded, if that can be.
std::string Session::record(Status status, const std::string& reason, bool goes_on) {
  Run& run = *run_;
  try {
    run.folder_->finish(status, reason);
    if (status == Status::completed || status == Status::diverged) records::remove_generations(run.folder_->path());
    if (!goes_on) run.output_->publish(status == Status::completed || status == Status::diverged);
    return "";
  } catch (const std::exception& error) {
    if (status != Status::failed && !run.folder_->finished()) record(Status::failed, error.what());
    return error.what();
  }
}

// Where the results are, if not in their place.
std::string Session::what_is_left() const {
  const std::filesystem::path& folder = run_->output_->folder();
  std::error_code ignored;
  if (!run_->output_->is_hidden() || !std::filesystem::exists(folder, ignored)) return "";
  return fmt::format("what was logged is in {}, and nothing was replaced", folder.string());
}

Exit Session::end(Exit exit, Status status, const std::string& reason, std::string line) {
  const auto add = [&](const std::string& text) {
    if (!text.empty()) line += (line.empty() ? "" : "; ") + text;
  };
  if (run_ && run_->folder_ && !run_->started_) {
    run_->folder_->abandon();
  } else if (run_ && run_->folder_ && !run_->folder_->finished()) {
    run_->progress_.finish();
    const std::string problem = record(status, reason, exit == Exit::stopped);
    if (problem != reason) add(problem);  // a full disk ends the run, and fails its ending too
    if (!problem.empty() && (exit == Exit::completed || exit == Exit::diverged)) exit = Exit::failed;
    add(what_is_left());
  }
  if (!line.empty()) complain(line);
  return exit;
}

// Where the run that is to be forked has no checkpoint at that step.
void Session::retrace(Continuation& from, const std::vector<std::string>& arguments, Retraced& trunk) const {
  if (from.kind != Continuation::Kind::fork) return;
  for (const records::CheckpointFile& checkpoint : records::checkpoints_in(from.folder).whole)
    if (checkpoint.step == from.step) return;
  const Options options(program_, arguments);
  for (const char* asking : {"help", "describe"})
    if (options.given(asking)) return;
  const auto target = records::Output::target_of(options.argument("output").value_or("results/" + program_));
  trunk.folder = records::hidden_beside(target, fmt::format(".trunk.{}", ::getpid()));
  std::vector<std::string> again{"--replay=" + from.folder.string(), "--output=" + trunk.folder.string(),
                                 fmt::format("--checkpoint-at={}", from.step), fmt::format("--stop-at={}", from.step)};
  for (const char* flag : {"quiet", "not_bitwise"})
    if (options.given(flag)) again.push_back(fmt::format("--{}", flag));
  if (!options.given("quiet"))
    records::complain(program_, fmt::format("{} has no checkpoint at step {}: computing it again until there",
                                            from.folder.string(), from.step));
  Session session(program_, summary_, body_, dtype_);
  session.is_silent_when_stopped_ = true;
  const int code = session.run(again);
  from.checkpoints = trunk.folder;
  if (!std::filesystem::exists(records::kept_checkpoint(trunk.folder, from.step)))
    trunk.ended = code == 0 || code == records::exit_stopped ? Exit::usage : static_cast<Exit>(code);
  if (trunk.ended == Exit::usage)
    records::complain(program_, fmt::format("--fork={}@{}: the run has fewer steps", from.folder.string(), from.step));
}

int Session::run(const std::vector<std::string>& arguments) {
  const auto ended = [&] {
    try {
      Continuation from = continuation_of(program_, arguments);
      if (from.kind == Continuation::Kind::ended) {
        // A kill may have come between its end and its taking its place.
        const std::filesystem::path output =
            Options(program_, arguments).argument("output").value_or("results/" + program_);
        records::Output::gone_on(output, from.folder).publish(true);
        complain(fmt::format("--resume: the run in {} is {}", output.string(), from.status));
        return static_cast<Exit>(records::exit_code_of(from.status));
      }
      Retraced trunk;
      retrace(from, arguments, trunk);
      if (trunk.ended) return *trunk.ended;
      run_ = make(arguments, std::move(from));
      body_(*run_);
      if (!run_->divergence_.empty()) throw Diverged(run_->divergence_);
      return end(Exit::completed, Status::completed, run_->reason_, "");
    } catch (const Finished&) {
      return Exit::completed;
    } catch (const RunStopped& stopped) {
      const std::string line = fmt::format("stopped after step {}{}", stopped.step,
                                           stopped.can_go_on ? ": --resume goes on from there" : "");
      return end(Exit::stopped, Status::interrupted, line, is_silent_when_stopped_ ? "" : line);
    } catch (const records::Interrupted& signal) {
      return end(Exit::interrupted, Status::interrupted, signal.what, signal.what);
    } catch (const records::HasEnded& error) {
      complain(fmt::format("--resume: {}", error.what()));
      return static_cast<Exit>(records::exit_code_of(error.status));
    } catch (const Diverged& error) {
      return end(Exit::diverged, Status::diverged, error.what(), std::string("diverged: ") + error.what());
    } catch (const UsageError& error) {
      return end(Exit::usage, Status::failed, error.what(), error.what());
    } catch (const std::bad_alloc&) {
      return end(Exit::failed, Status::failed, records::out_of_memory, records::out_of_memory);
    } catch (const std::exception& error) {
      return end(Exit::failed, Status::failed, error.what(), error.what());
    }
  };
  return static_cast<int>(ended());
}

// {"options", "aliases", "config_hash"} of the run that a line asks for, or {"error"}.
nlohmann::json Session::described(const std::string& line) const {
  try {
    const nlohmann::json json = records::parse_json(line);
    const auto is_text = [](const nlohmann::json& element) { return element.is_string(); };
    if (!json.is_array() || !std::all_of(json.begin(), json.end(), is_text))
      throw UsageError("expected a JSON array of texts, the arguments of a run");
    const auto arguments = json.get<std::vector<std::string>>();
    const std::unique_ptr<Run> run = make(arguments, continuation_of(program_, arguments));
    run->only_options_ = true;
    try {
      body_(*run);
      throw std::runtime_error("the program does not come to finish_options() or start()");
    } catch (const Finished&) {
    }
    const nlohmann::json values = run->options_.values_json();
    return {{"options", values},
            {"aliases", run->options_.aliases()},
            {"config_hash", records::config_hash_of(program_, values)}};
  } catch (const std::exception& error) {
    return {{"error", records::one_line(error.what())}};
  }
}

int Session::describe_runs() {
  // A program that prints in its option phase must not come between the answers.
  std::fflush(stdout);
  std::FILE* answers = ::fdopen(::dup(STDOUT_FILENO), "w");
  if (!answers || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
    throw records::SystemError("standard output", "cannot use", errno);
  const auto answer = [&](const nlohmann::json& json) {
    if (std::fputs((records::json_text(json) + "\n").c_str(), answers) < 0 || std::fflush(answers) != 0)
      throw records::SystemError("standard output", "cannot write", errno);
  };
  answer({{"program", program_},
          {"schema", records::schema_version},
          {"executable_sha256", records::executable_sha256()}});
  for (std::string line; std::getline(std::cin, line);) answer(described(line));
  if (std::cin.bad()) throw std::runtime_error("standard input: cannot read");
  std::fclose(answers);
  return static_cast<int>(Exit::completed);
}

// Refuses what would be met in the middle of a run.
static void check_environment() {
  try {
    simd::level();
    kernels::uses_onednn();
    kernels::cache_sizes();
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
}

int main(const std::string& program, const std::string& summary, int argc, const char* const* argv, const Body& body,
         const std::string& default_dtype) {
  return records::guarded_main(program, [&] {
    records::watch_lifeline();
    check_environment();
    flush_subnormals();
    keep_freed_memory();
    Session session(program, summary, body, default_dtype);
    const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
    const bool describes =
        arguments.size() == 1 && (arguments[0] == "--describe-runs" || arguments[0] == "--describe_runs");
    return describes ? session.describe_runs() : session.run(arguments);
  });
}

}  // namespace gradus::lab
