#include "tests/problems/ends.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>

#include "autodiff/tensor/vectors.h"
#include "optim/decorator.h"

namespace gradus::problems {
namespace {

using optim::Reason;

// Notes whether an answer was not finite.
class Witness final : public optim::ObjectiveDecorator {
 public:
  bool met_not_finite = false;

 protected:
  double compute_value(const Tensor& theta) override { return see(ObjectiveDecorator::compute_value(theta)); }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    const double value = ObjectiveDecorator::compute_gradient(theta, gradient);
    see(gradient);
    return see(value);
  }
  void change(optim::Curvature& curvature) override {
    for (LinearOperator* matrix : {&curvature.hessian, &curvature.gauss_newton})
      if (*matrix)
        matrix->times = [this, of_inner = std::move(matrix->times)](const Tensor& v, const Tensor& out) {
          of_inner(v, out);
          see(out);
        };
  }

 private:
  double see(double value) {
    met_not_finite = met_not_finite || !std::isfinite(value);
    return value;
  }
  void see(const Tensor& numbers) { met_not_finite = met_not_finite || !vectors::is_finite(numbers); }
};

// Ends of descent other than the published minimum, which is the lowest: values of other minima.
struct OtherMinimum {
  const char* problem;
  double value;
  const char* why;
};
constexpr OtherMinimum other_minima[] = {
    {"three_hump_camel", 0.298638442236861, "the local minimum near (1.75, -0.87)"},
    {"freudenstein_roth", 48.9842536792400, "the local minimum that Moré, Garbow & Hillstrom (1981) give"},
    {"biggs_exp6", 5.65564992550e-3, "the local minimum that Moré, Garbow & Hillstrom (1981) give"},
    {"trigonometric", 2.79505612194e-5, "the local minimum that Moré, Garbow & Hillstrom (1981) give"},
    {"logistic_regression", 0.393019848699, "of made data: the one that every method here finds; the loss is convex"},
    {"curve_fit", 0.101207733340, "of made data: the one that every method here finds"}};
// With so many local minima, any stationary point below the start is an end.
constexpr const char* multimodal[] = {"rastrigin", "ackley", "griewank", "levy"};
// Unbounded below: descent ends nowhere.
constexpr const char* unbounded[] = {"saddle", "monkey_saddle"};

// Methods that promise descent and still do not arrive in the steps given.
struct Slow {
  const char *method, *problem, *why;
};
constexpr Slow slow[] = {
    {"gauss_newton", "powell_badly_scaled", "J is nearly singular: conjugate gradients solve for a step of little use"},
    {"gauss_newton", "meyer", "J is nearly singular, with condition 1e10 and more"},
    {"gauss_newton", "gulf", "J is singular on the way: steps leave the region where values are finite"},
    {"gauss_newton", "jennrich_sampson", "the residuals are large: convergence is linear, and slow"},
    {"gauss_newton", "freudenstein_roth", "J is singular at the local minimum: convergence is sublinear"},
    {"gauss_newton", "chebyquad", "the residuals do not vanish: convergence is linear, and slow"},
    {"nonlinear_cg", "powell_badly_scaled", "parameters that differ by 1e5: the last digits are lost"},
    {"nonlinear_cg", "meyer", "the Hessian's condition is beyond 1e10"},
    {"nonlinear_cg", "osborne_1", "the Hessian's condition is beyond 1e8"},
    {"nonlinear_cg", "penalty_2", "a valley whose floor hardly falls"},
    {"lbfgs", "meyer", "the Hessian's condition is beyond 1e10"},
    {"newton_cg", "meyer", "the valley is narrow and long"},
    {"levenberg_marquardt", "powell_badly_scaled",
     "Levenberg's damping has no scale for parameters that differ by 1e5"},
    {"levenberg_marquardt", "meyer", "Levenberg's damping has no scale for parameters that differ by 1e5"},
    {"hessian_free", "meyer", "damping by the identity has no scale for parameters that differ by 1e5"}};

template <class List>
bool names(const List& list, const std::string& name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}
bool is_near(double value, double expected) { return std::abs(value - expected) <= 1e-6 * (1e-2 + std::abs(expected)); }

// Empty if the end is where descent may end.
std::string fault_of_value(const Problem& problem, const optim::Method& method, const End& end) {
  if (names(unbounded, problem.name)) return end.value < -1e6 ? "" : "the value has not fallen without bound";
  if (is_near(end.value, problem.minimum(problem.dimensions.standard).value)) return "";
  if (names(multimodal, problem.name) && end.value < end.start)
    return end.gradient_norm <= 1e-6 * (1 + end.value) ? "" : "the end is no stationary point";
  for (const OtherMinimum& other : other_minima)
    if (problem.name == other.problem && is_near(end.value, other.value)) return "";
  for (const Slow& pair : slow)
    if (method.name == pair.method && problem.name == pair.problem && end.value < end.start) return "";
  return "the value is that of no known minimum";
}

}  // namespace

optim::NamedValues settings_for_functions(const std::string& method) {
  if (method == "hessian_free") return {{"preconditioner", "none"}};
  if (method == "sophia") return {{"estimator", "hutchinson"}};
  return {};
}

End run_to_end(const Problem& problem, const optim::Recipe& recipe, std::int64_t steps, DType type) {
  Request request;
  request.dtype = type;
  const auto objective = make_objective(problem, request), observer = make_objective(problem, request);
  Witness witness;
  witness.wrap(*objective);
  const auto optimizer = optim::make_optimizer(recipe);
  optimizer->check(witness);
  const Tensor theta = start_of(problem, request);
  End end;
  double lowest = 0;
  for (;; ++end.steps) {
    objective->set_step(static_cast<std::uint64_t>(end.steps));
    observer->set_step(static_cast<std::uint64_t>(end.steps));
    const Tensor point = optimizer->evaluation_point(theta);
    observer->move_to(point);
    const double norm = end.gradient_norm = vectors::norm(observer->gradient());
    end.value = observer->value();
    if (end.steps == 0) end.start = lowest = end.value;
    end.rose = end.rose || end.value > lowest + vectors::rounding(lowest, type);
    lowest = std::min(lowest, end.value);
    if (!std::isfinite(end.value) || !std::isfinite(norm) || !vectors::is_finite(point)) {
      end.diverged = end.met_not_finite = true;
      return end;
    }
    if (norm == 0) end.reason = Reason::converged;
    if (norm == 0 || (optim::StepReport{.reason = end.reason}.is_final() && !objective->is_noisy())) return end;
    if (end.steps == steps) {
      end.step_limit = true;
      return end;
    }
    const optim::StepReport report = optimizer->step(witness, theta);
    end.reason = report.reason;
    end.met_not_finite = witness.met_not_finite;
    end.diverged = report.is_diverged();
    if (end.diverged) return end;
  }
}

std::vector<std::string> faults_of(const Problem& problem, const optim::Method& method, const End& end) {
  std::vector<std::string> faults;
  const auto expect = [&](bool holds, const char* fault) {
    if (!holds) faults.emplace_back(fault);
  };
  const bool noisy = make_objective(problem)->is_noisy();
  const double minimum = problem.minimum(problem.dimensions.standard).value;
  // On the way to -infinity it may be the square of a number, inside of a solver, that is not finite.
  const bool has_minimum = !names(unbounded, problem.name);
  expect(!end.diverged || end.met_not_finite || !has_minimum, "diverged, and every number was finite");
  expect(end.diverged || (std::isfinite(end.value) && std::isfinite(end.gradient_norm)),
         "not finite, and not diverged");
  expect(end.diverged || !(end.value < minimum - 1e-6 * (1 + std::abs(minimum))), "below the published minimum");
  if (noisy) return faults;
  expect(end.diverged || end.step_limit || end.reason == Reason::converged || end.reason == Reason::no_progress,
         "ended for no reason");
  if (!method.about->descends) {
    // A fixed rate promises nothing, but on the plainest function the default one goes down.
    expect(problem.name != "sphere" || end.value < end.start, "no descent on the sphere");
    return faults;
  }
  expect(!end.diverged || !has_minimum, "a method that promises descent diverged");
  expect(end.diverged || !end.rose, "rose above a point on the way");
  if (const std::string fault = fault_of_value(problem, method, end); !end.diverged)
    expect(fault.empty(), fault.c_str());
  return faults;
}

std::string refusal_of(const Problem& problem, const optim::Method& method) {
  try {
    optim::make_optimizer(method.name, settings_for_functions(method.name))->check(*make_objective(problem));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

std::int64_t steps_for(const Problem& problem, const optim::Method& method, std::int64_t steps) {
  if (make_objective(problem)->is_noisy()) return std::max<std::int64_t>(1, steps / 500);
  return method.about->descends ? steps : std::max<std::int64_t>(1, steps / 10);
}

}  // namespace gradus::problems
