#include "optim/curvature/step.h"

#include <cmath>

#include "optim/curvature/vectors.h"

namespace gradus::optim {

bool open_step(Objective& objective, const Tensor& theta, double gradient_tolerance, Tensor& gradient,
               StepReport& report) {
  objective.return_to(theta);
  vectors::like(gradient, theta).copy_from(objective.gradient());
  report.loss = objective.value();
  report.gradient_norm = vectors::norm(gradient);
  report.step_norm = 0;
  if (!std::isfinite(report.loss) || !std::isfinite(report.gradient_norm))
    report.reason = Reason::not_finite;
  else if (report.gradient_norm <= gradient_tolerance)
    report.reason = Reason::converged;
  return report.reason == Reason::stepped;
}

void close_step(Objective& objective, const Tensor& theta, const Tensor& trial) {
  theta.copy_from(trial);
  objective.adopt(theta);
}

Hyperparameter gradient_tolerance_hyperparameter() {
  return non_negative("gradient_tolerance", 0, "converged where the norm of the gradient is no larger; absolute");
}

std::vector<Hyperparameter> line_search_hyperparameters(double wolfe_curvature) {
  return {between("sufficient_decrease", 1e-4, 0, 0.5, "share of the slope by which a step must lower the value: c1"),
          between("wolfe_curvature", wolfe_curvature, 0, 1,
                  "share of the slope that strong_wolfe leaves at most: c2, which should be larger than c1"),
          count("max_evaluations", 40, 1, "trials for a step")};
}

}  // namespace gradus::optim
