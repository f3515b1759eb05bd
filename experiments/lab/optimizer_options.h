// The optimizer of a program as options: --optimizer, --wrappers, --groups, each hyperparameter of what they name, and
// a schedule for each number.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "experiments/lab/options.h"
#include "optim/recipe.h"

namespace gradus::lab {

// Declares a hyperparameter as an option of this name, and returns its value: a number, or a choice by its name.
optim::GivenValue option_value(Options& options, std::string_view name, const optim::Hyperparameter& hyperparameter,
                               const optim::GivenValue& fallback);

struct ExternalCommand;

// An optimizer together with what was asked for.
struct ChosenOptimizer {
  std::string name;  // of the method
  std::unique_ptr<optim::Optimizer> optimizer;
  optim::Recipe recipe = {};
  std::shared_ptr<const ExternalCommand> external = {};  // null: the method is one of ours
  // Shows its state to be saved or restored. Throws StateNotKept (external_optimizer.h) where another program takes the
  // steps and cannot save it.
  void visit(optim::StateVisitor& visitor) const;
  // Whether a schedule steers by a held-out loss. The program then has an option, recorded, that says by count when it
  // is observed: what is written or shown must not decide on that.
  bool observes() const;
  // Puts a number of the method back to its default: where the program itself has an option of that name.
  void forget(const std::string& hyperparameter);
  optim::Optimizer* operator->() const { return optimizer.get(); }
  optim::Optimizer& operator*() const { return *optimizer; }
};

// Defaults of a program for one method's hyperparameters, where they differ from the library's.
struct MethodDefaults {
  std::string method;
  optim::NamedValues values;
};

// Declares, all recorded:
//   --optimizer=NAME                     and each hyperparameter of the method: --learning-rate, ...
//   --wrappers=NAME+NAME                 outermost first, and each hyperparameter of theirs: --clip-norm, ...
//   --HYPERPARAMETER-schedule=NAME       for each that can be scheduled; unless it is "none" also the
//                                        schedule's numbers: --learning-rate-steps, --learning-rate-warmup-steps, ...
//   --groups='@bias learning_rate=0.1'   see optim/groups.h
//   --external-command='COMMAND'         with --optimizer=external, which has no hyperparameters
// Throws std::invalid_argument, one line, for what does not exist or does not go together, and for a number that is out
// of its range as a number of the parameters' type.
ChosenOptimizer choose_optimizer(Options& options, const std::string& fallback,
                                 const std::vector<MethodDefaults>& defaults, const RandomStream& stream, DType dtype);

// Every method, wrapper and schedule with hyperparameters, defaults and ranges: for a person, and for a tool.
std::string list_of_optimizers();
nlohmann::json described_optimizers();

}  // namespace gradus::lab
