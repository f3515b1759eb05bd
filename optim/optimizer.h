// The interface of every optimizer, and how one is made by name.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "autodiff/tensor/random.h"
#include "optim/description.h"
#include "optim/objective.h"
#include "optim/stability.h"
#include "optim/state_visitor.h"
#include "settings/catalogue.h"

namespace gradus::optim {

// Why a method, or the solver inside it, stopped where it did.
enum class Reason {
  stepped,             // an ordinary step
  converged,           // the gradient is small enough, or the model is minimised to the accuracy asked for
  negative_curvature,  // along a direction of negative curvature
  boundary,            // at the boundary of the trust region
  iteration_limit,     // as many iterations as allowed
  refused,             // no acceptable point was found; theta is where it was, and the next step will be more careful
  no_progress,         // no acceptable point was found, and none will be; theta is where it was
  not_finite           // a value, gradient or product is not finite; theta is where it was
};
const char* name_of(Reason reason);
// "0 stepped, 1 converged, ...": what the numbers mean, for files.
std::string reason_codes();

struct StepReport {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();  // what a method does not have

  double loss = 0;  // at the point from which the step was taken
  Reason reason = Reason::stepped;
  double gradient_norm = none, step_norm = none;
  // Of methods that solve for a step.
  double damping = none;          // weight of the identity that was added to the curvature
  double trust_radius = none;     // with which the step was computed
  double reduction_ratio = none;  // actual reduction over the model's
  double step_length = none;      // along the direction found
  std::int64_t inner_iterations = -1;
  Reason inner_reason = Reason::stepped;

  // Nothing more will come of further steps at this point and on these data.
  bool is_final() const { return reason == Reason::converged || reason == Reason::no_progress || is_diverged(); }
  // A number that is not finite ended the step: this alone makes a run a diverged one.
  bool is_diverged() const { return reason == Reason::not_finite; }
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // Throws std::invalid_argument unless the objective offers what the steps will ask it for, and has the parameters
  // that the settings name. Programs call it before anything runs; a step throws the same.
  virtual void check(const Objective& /*objective*/) {}
  // Throws std::invalid_argument if one of the next `steps` steps is known to find a hyperparameter out of its range.
  // Programs that know how many steps they will take call it before anything runs.
  virtual void check_steps(std::int64_t /*steps*/) const {}
  // One step from theta, in place. Asks the objective for what it needs at theta. A method begins with begin_step
  // (optim/first_order.h), so that a gradient which is not finite is reported and changes nothing.
  virtual StepReport step(Objective& objective, const Tensor& theta) = 0;
  // Shows every piece of state under a fixed name.
  virtual void visit(StateVisitor& visitor) = 0;
  // Shows what it remembers of the objective that it saw last: without it a run that goes on takes the same steps, and
  // may ask once more for what it knew.
  virtual void visit_memory(StateVisitor& /*visitor*/) {}
  // The point to evaluate the model at; an average of the points for methods that keep one.
  virtual Tensor evaluation_point(const Tensor& theta) { return theta; }
  // Where the last step was stable; none of a method that does not know, or before the first step of one that divides
  // by what it has seen.
  virtual std::optional<Stability> stability() { return std::nullopt; }
  // Tells a held-out loss to whoever steers by it (the schedule "plateau").
  virtual void observe(double /*held_out_loss*/) {}
  // A number that the method, or a wrapper around it, depends on, to be changed between steps; null if there is none of
  // that name.
  virtual double* number(std::string_view /*name*/) { return nullptr; }
  // Bytes of the tensors that the optimizer keeps between steps.
  std::int64_t state_bytes();
};

// What distinguishes families of methods.
enum class Family {
  elementwise,  // first order; each parameter's step depends on its own gradients alone
  layerwise,    // first order; looks at the slices of theta, or at all of it
  curvature     // asks for products, several values or several gradients a step
};

// A method, and how one is made.
struct Method : Entry {
  Family family = Family::elementwise;
  // Throws std::invalid_argument for an unknown hyperparameter or a value out of range. What the method draws is of the
  // stream.
  std::function<std::unique_ptr<Optimizer>(const NamedValues&, const RandomStream&)> make = nullptr;
};

// All methods, in a fixed order (optim/registry.cpp).
const settings::Catalogue<Method>& methods();
// Throws std::invalid_argument with the list of methods (and the nearest name).
inline const Method& method(std::string_view name) { return methods().find(name); }

// Makes an optimizer by name. Hyperparameters that are not given have their defaults; an unknown one or a value out of
// range throws std::invalid_argument, which names the valid ones.
std::unique_ptr<Optimizer> make_optimizer(const std::string& name, const NamedValues& hyperparameters = {},
                                          const RandomStream& stream = RandomStream(0));

}  // namespace gradus::optim
