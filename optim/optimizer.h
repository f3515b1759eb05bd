// The interface of every optimizer, and how one is made by name.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "optim/objective.h"

namespace gradus::optim {

struct StepReport {
  double loss = 0;  // at the point from which the step was taken
};

// A place that state is shown to, by name: to count it, to save it, or to restore it.
class StateVisitor {
 public:
  virtual ~StateVisitor() = default;
  virtual void tensor(std::string_view name, Tensor& value) = 0;
  virtual void counter(std::string_view name, std::int64_t& value) = 0;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // One step from theta, in place. Asks the objective for what it needs at theta.
  virtual StepReport step(Objective& objective, const Tensor& theta) = 0;
  // Shows every piece of state under a fixed name.
  virtual void visit(StateVisitor& visitor) = 0;
  // Bytes of the tensors that the optimizer keeps between steps.
  std::int64_t state_bytes();
};

// A named number that a method depends on, e.g. {"beta1", 0.9, 0, 1, "decay of the first moment"}.
struct Hyperparameter {
  std::string name;
  double default_value;
  double low, high;   // low <= value <= high, or < high where high_open
  bool high_open;
  std::string help;
  bool is_flag = false;  // 0 or 1
};

Hyperparameter positive(std::string name, double value, std::string help);          // > 0
Hyperparameter non_negative(std::string name, double value, std::string help);      // >= 0
Hyperparameter decay(std::string name, double value, std::string help);             // in [0, 1)
Hyperparameter flag(std::string name, bool value, std::string help);                // 0 or 1

// The values of a method's hyperparameters, complete and checked.
class Settings {
 public:
  double operator[](std::string_view name) const;
  void set(std::string name, double value) { values_.push_back({std::move(name), value}); }

 private:
  std::vector<std::pair<std::string, double>> values_;
};

// A method: its name, its source, its hyperparameters, and how one is made.
struct Method {
  std::string name;
  std::string source;  // author, year
  std::vector<Hyperparameter> hyperparameters;
  std::function<std::unique_ptr<Optimizer>(const Settings&)> make;
};

// All methods, in a fixed order (optim/registry.cpp).
const std::vector<Method>& methods();
// Throws std::invalid_argument with the list of methods (and the nearest name).
const Method& method(const std::string& name);

// Makes an optimizer by name. Hyperparameters that are not given have their defaults; an unknown one or a value out of range
// throws std::invalid_argument, which names the valid ones.
using NamedValues = std::vector<std::pair<std::string, double>>;
std::unique_ptr<Optimizer> make_optimizer(const std::string& name, const NamedValues& hyperparameters = {});

}  // namespace gradus::optim
