// One run: its options, random streams, log and outcome. A program is one call of lab::main.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "autodiff/random.h"
#include "experiments/lab/dataset.h"
#include "experiments/lab/options.h"
#include "experiments/lab/progress.h"
#include "experiments/lab/run_folder.h"
#include "optim/optimizer.h"

namespace gradus::lab {

// Exit codes of every program of the laboratory.
enum class Exit { completed = 0, failed = 1, usage = 2, diverged = 3, interrupted = 130 };

// Thrown when the loss is not finite: the run ends, recorded as diverged, with everything that was logged.
struct Diverged : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Evaluation {
  double loss = 0, accuracy = 0;  // means over a split; loss in nats, accuracy in [0, 1]
};

// An optimizer together with what was asked for.
struct ChosenOptimizer {
  std::string name;
  std::unique_ptr<optim::Optimizer> optimizer;
  optim::Optimizer* operator->() const { return optimizer.get(); }
  optim::Optimizer& operator*() const { return *optimizer; }
};

// Defaults of a program for one method's hyperparameters, where they differ from the library's.
struct MethodDefaults {
  std::string method;
  optim::NamedValues values;
};

class Run {
 public:
  Run(const std::string& program, const std::string& summary, int argc, const char* const* argv);

  // Declares an option and returns its value. All are declared before start().
  template <class T>
  T option(std::string_view name, T fallback, std::string_view help, const Check& check = {}) {
    return options_.get(name, fallback, help, check);
  }
  bool option(std::string_view name, bool fallback, std::string_view help) { return options_.get(name, fallback, help); }
  std::string option(std::string_view name, const char* fallback, std::string_view help, const Check& check = {}) {
    return options_.get(name, fallback, help, check);
  }
  // Declares --optimizer and each hyperparameter of the method it names.
  ChosenOptimizer optimizer(const std::string& fallback, const std::vector<MethodDefaults>& defaults = {});
  // Declares --data and --data-dir. The data set is loaded by start().
  const Dataset& dataset(const std::string& fallback);

  // Ends the options: --help and --describe print and end the program here, unknown options are refused. Then loads the data and
  // claims the output folder.
  void start();

  std::uint64_t seed() const { return seed_; }
  DType dtype() const { return dtype_; }
  // The random numbers of one purpose ("initialisation", "shuffle", ...), and of one index such as the epoch.
  RandomStream stream(std::string_view purpose, std::uint64_t index = 0) const {
    return RandomStream(seed_, purpose, index);
  }

  // One row of /step, and, for a step that solved for its direction, one of /solver: damping, reduction ratio, inner iterations,
  // reasons and the like. Throws Diverged if the loss is not finite, unless --continue-after-divergence is given.
  void log(const optim::StepReport& report);
  // A table of one's own: run.h5's group of that name.
  RunTable& table(const std::string& name, std::vector<Column> columns);
  // How many steps there will be, for the progress display.
  void expect_steps(std::int64_t steps) { progress_.expect(steps); }
  // A line for the person at the terminal; silent with --quiet or without a terminal.
  void say(const std::string& line) { progress_.say(line); }

 private:
  friend int main(const std::string&, const std::string&, int, const char* const*, const std::function<void(Run&)>&);

  Options options_;
  std::string summary_;
  std::uint64_t seed_;
  DType dtype_;
  int threads_;
  bool continue_after_divergence_;
  std::optional<std::pair<std::string, std::string>> data_;  // name and directory
  Dataset dataset_;
  std::unique_ptr<RunFolder> folder_;
  void log_solver(std::int64_t step, const optim::StepReport& report);
  RunTable* steps_ = nullptr;
  RunTable* solver_ = nullptr;  // made by the first step that has something to say
  std::string divergence_;
  Progress progress_;
};

// Runs a program and returns its exit code; errors are one line on stderr.
//   int main(int argc, char** argv) { return lab::main("width_study", "What is asked.", argc, argv, [](lab::Run& run) { ... }); }
int main(const std::string& program, const std::string& summary, int argc, const char* const* argv,
         const std::function<void(Run&)>& body);

}  // namespace gradus::lab
