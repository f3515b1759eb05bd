// One run: its options, random streams, log and outcome. A program is one call of lab::main.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "autodiff/tensor/random.h"
#include "experiments/lab/diverged.h"
#include "experiments/lab/optimizer_options.h"
#include "experiments/lab/options.h"
#include "experiments/lab/progress.h"
#include "experiments/lab/state_fit.h"
#include "experiments/records/output.h"
#include "experiments/records/run_paths.h"
#include "experiments/records/run_table.h"
#include "optim/optimizer.h"
#include "optim/state.h"

namespace gradus::records {
class RunFolder;
}

namespace gradus::lab {

class Checkpointing;
class Origin;
struct Again;
struct Continuation;

// What a program says and writes of its tables.
using records::Column;
using records::Draw;
using records::RunTable;

// Exit codes of every program of the laboratory. "usage" stands for a UsageError alone: what options ask for in vain is
// made one by from_options; any other error, such as of shapes inside the program, is a failure.
enum class Exit {
  completed = 0,
  failed = records::exit_failed,
  usage = records::exit_usage,
  diverged = records::exit_diverged,
  stopped = records::exit_stopped,  // with a checkpoint, from which it goes on
  interrupted = records::exit_interrupted
};

// Thrown by a run whose --help or the like was answered, or of which only the options were asked for.
struct Finished {};

// Thrown by a run that was asked to stop, once its checkpoint is written.
struct RunStopped {
  std::int64_t step;
  bool can_go_on;
};

class Run {
 public:
  Run(Options options, std::string summary, const std::string& default_dtype);
  Run(Options options, std::string summary, const std::string& default_dtype, Continuation from);
  ~Run();

  // Declares an option and returns its value. All are declared before start(): later it throws std::logic_error, as do
  // the other declarations.
  template <class T>
  T option(std::string_view name, T fallback, std::string_view help, const Check& check = {}) {
    return options_.get(name, fallback, help, check);
  }
  bool option(std::string_view name, bool fallback, std::string_view help) {
    return options_.get(name, fallback, help);
  }
  std::string option(std::string_view name, const char* fallback, std::string_view help, const Check& check = {}) {
    return options_.get(name, fallback, help, check);
  }
  // A hyperparameter as an option: a number, a flag as 0 or 1, a choice as its position.
  double option(const optim::Hyperparameter& hyperparameter);
  // An option that says where or how to run and does not change the result: it is not part of the run's configuration.
  std::string control(std::string_view name, const char* fallback, std::string_view help) {
    return options_.control(name, fallback, help);
  }
  // What has been declared so far.
  const Options& options() const { return options_; }
  // Takes --other for the option --name, which is declared later.
  void alias(std::string_view other, std::string_view name) { options_.alias(other, name); }
  // How to refuse options that nobody declares: see Options.
  void explain(Options::Explanation why) { options_.explain(std::move(why)); }
  // The files beside the output that options ask for; finish_options() refuses what they cannot be.
  records::RunPaths& paths() { return paths_; }
  // Declares --optimizer, --wrappers, --groups, each hyperparameter of what they name, and schedules: see
  // choose_optimizer. Wrappers that draw random numbers do so by the run's seed.
  ChosenOptimizer optimizer(const std::string& fallback, const std::vector<MethodDefaults>& defaults = {});
  // Called when the options are known to be good: by finish_options(), before the run claims its place. What a check
  // throws ends the program there.
  void before_start(std::function<void()> check) { checks_.push_back(std::move(check)); }
  // Declares a control that prints a text and ends the program.
  void list(const std::string& name, std::string_view help, const std::function<std::string()>& text);

  // Ends the options: --help and --describe print and end the program here, unknown options and an output that cannot
  // be made are refused. Then claims the output folder.
  void start(const std::string& loss_units = "nat");
  bool is_started() const { return started_; }
  // Whether this program has logged a step.
  bool has_logged() const { return has_logged_; }
  // The same in two halves, for programs that prepare something between options and output, and whose rows of /step
  // have columns of their own. With --describe-runs, a program's body is run up to finish_options() once for each line
  // of arguments, in one process: it may keep no state of its own until there.
  void finish_options();
  void start(std::vector<Column> step_columns);

  std::uint64_t seed() const { return seed_; }
  DType dtype() const { return dtype_; }
  // The random numbers of one purpose ("initialisation", "shuffle", ...), and of one index such as the epoch.
  RandomStream stream(std::string_view purpose, std::uint64_t index = 0) const;
  // Whether the run is a fork that draws this purpose's numbers anew, from where it begins.
  bool draws_anew(std::string_view purpose) const;

  // A run that keeps its state can be stopped, go on, be forked and be replayed. Its program says so before start(),
  // names what its steps depend on, and goes on from there, if it is asked to, before its first step:
  //   run.keeps_state();
  //   run.start();
  //   std::int64_t step = 0;
  //   run.keep("step", [&](optim::StateVisitor& visitor) { visitor.counter("step", step); });
  //   run.keep("trainer", trainer);
  //   run.keep("batches", batches);
  //   run.go_on();
  //   while (step < steps) {
  //     run.log(trainer.step(batches.next()));
  //     run.end_of_step(++step);
  //   }
  // train() does all of it.
  void keeps_state() { keeps_state_ = true; }
  bool keeps_its_state() const { return keeps_state_; }
  void keep(std::string part, optim::Shown show, Fit fit = Fit::exact);
  template <class Part>
  requires requires(Part& part, optim::StateVisitor& visitor) { part.visit(visitor); }
  void keep(std::string part, Part& shown, Fit fit = Fit::exact) {
    keep(
        std::move(part), [&shown](optim::StateVisitor& visitor) { shown.visit(visitor); }, fit);
  }
  // Puts back what was kept, and tells whether there was something. `begin` is called where a fork begins, when all is
  // back and before that is kept. Throws UsageError for a state that does not fit.
  bool go_on(const std::function<void()>& begin = nullptr);
  // So many steps have been taken, and all that is kept is as it is between two steps: writes a checkpoint where one is
  // due, and ends the run where it is asked to stop.
  void end_of_step(std::int64_t step);
  // What is to be measured, of a run that is computed once more (origin.h); null of any other.
  const Again* again() const;
  std::int64_t fingerprint_interval() const { return fingerprint_interval_; }
  // Takes back what the run that is forked had for an option, where another one that is given stands for it.
  void forget_recorded(const std::string& option) { options_.forget_recorded(option); }

  // One row of /step, and one of /solver (log_solver). Throws Diverged if the loss, or another number of the step, is
  // not finite, unless --continue-after-divergence is given.
  void log(const optim::StepReport& report);
  // One row of /solver for a step of which there is more to tell than its loss: damping, radius, reduction ratio, inner
  // iterations, reasons and the like.
  void log_solver(std::int64_t step, const optim::StepReport& report);
  // A row of a program's own columns. The loss is shown, and looked at for divergence.
  void log_row(std::int64_t step, std::span<const double> values, double loss);
  // The run counts as diverged, because a number is not finite. Returns whether it goes on all the same, as
  // --continue-after-divergence asks; otherwise the program ends it.
  bool diverged(const std::string& why);
  // Ends the run here if a signal asked for it; log() does so too.
  void stop_if_asked() const;
  // An attribute of run.h5's root.
  using Attribute = std::variant<std::int64_t, double, std::string, std::vector<double>>;
  void set_attribute(const std::string& name, const Attribute& value);
  // Why the run is going to end, for its record.
  void set_reason(const std::string& reason) { reason_ = reason; }
  // A table of one's own: run.h5's group of that name.
  RunTable& table(const std::string& name, std::vector<Column> columns, records::Index index = {});
  // How many steps there will be, for the progress display.
  void expect_steps(std::int64_t steps) { progress_.expect(steps); }
  // A line for the person at the terminal; silent with --quiet or without a terminal.
  void say(const std::string& line) { progress_.say(line); }

 private:
  friend class Session;  // run_main.cpp
  nlohmann::json description() const;
  void find_state();
  void open_folder();
  void record_origin();

  Options options_;
  std::string summary_;
  std::uint64_t seed_;
  DType dtype_;
  int threads_;
  bool continue_after_divergence_;
  std::unique_ptr<Origin> origin_;
  std::unique_ptr<Checkpointing> checkpointing_;
  bool has_optimizer_ = false, is_untimed_ = false;
  std::vector<std::string> asking_{"help", "describe", "describe-runs"};  // controls that print and end
  std::string listed_;                                                    // what lists were asked for
  bool only_options_ = false;                                             // ends with them
  std::string note_, tags_, study_;
  bool quiet_ = false;
  std::vector<std::function<void()>> checks_;
  records::RunPaths paths_;
  std::optional<records::Output> output_;  // once the options are finished
  std::unique_ptr<records::RunFolder> folder_;
  bool started_ = false, has_logged_ = false;
  bool keeps_state_ = false, has_gone_on_ = false;
  std::int64_t fingerprint_interval_ = 0;
  RunTable* steps_ = nullptr;
  RunTable* solver_ = nullptr;  // made by the first step that has something to say
  std::string divergence_, reason_;
  ProgressLine progress_;
};

// Runs a program and returns its exit code; errors are one line on stderr.
//   int main(int argc, char** argv) { return lab::main("width_study", "What is asked.", argc, argv, [](lab::Run& run) {
//   ... }); }
int main(const std::string& program, const std::string& summary, int argc, const char* const* argv,
         const std::function<void(Run&)>& body, const std::string& default_dtype = "float32");

}  // namespace gradus::lab
