#include "tests/problems/ends.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "optim/curvature/vectors.h"
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
  void compute_hessian_times(const Tensor& theta, const Tensor& v, const Tensor& out) override {
    ObjectiveDecorator::compute_hessian_times(theta, v, out);
    see(out);
  }
  void compute_gauss_newton_times(const Tensor& theta, const Tensor& v, const Tensor& out) override {
    ObjectiveDecorator::compute_gauss_newton_times(theta, v, out);
    see(out);
  }

 private:
  double see(double value) {
    met_not_finite = met_not_finite || !std::isfinite(value);
    return value;
  }
  void see(const Tensor& numbers) { met_not_finite = met_not_finite || !optim::vectors::is_finite(numbers); }
};

}  // namespace

optim::NamedValues settings_for_functions(const std::string& method) {
  if (method == "hessian_free") return {{"preconditioner", "none"}};
  if (method == "sophia") return {{"estimator", "hutchinson"}};
  return {};
}

End run_to_end(const Problem& problem, const optim::Recipe& recipe, std::int64_t steps) {
  const auto objective = make_objective(problem), observer = make_objective(problem);
  Witness witness;
  witness.wrap(*objective);
  const auto optimizer = optim::make_optimizer(recipe);
  optimizer->check(witness);
  const Tensor theta = start_of(problem);
  End end;
  for (;; ++end.steps) {
    objective->set_step(static_cast<std::uint64_t>(end.steps));
    observer->set_step(static_cast<std::uint64_t>(end.steps));
    const Tensor point = optimizer->evaluation_point(theta);
    observer->move_to(point);
    const double norm = optim::vectors::norm(observer->gradient());
    end.value = observer->value();
    if (end.steps == 0) end.start = end.lowest = end.value;
    if (end.value < end.lowest) end.lowest = end.value;
    if (!std::isfinite(end.value) || !std::isfinite(norm) || !optim::vectors::is_finite(point)) {
      end.diverged = end.met_not_finite = true;
      return end;
    }
    if (norm == 0) end.reason = Reason::converged;
    if (norm == 0 || (end.reason != Reason::stepped && !objective->is_noisy() && optim::StepReport{.reason = end.reason}.is_final()))
      return end;
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

}  // namespace gradus::problems
