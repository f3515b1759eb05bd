#include "optim/curvature/trust_radius.h"

#include <algorithm>
#include <cmath>

namespace gradus::optim {

double reduction_ratio(double value, double trial_value, double ceiling, double model_change, double rounding) {
  const double ratio = (value - trial_value + rounding) / (-model_change + rounding);
  return trial_value > ceiling ? std::min(ratio, 0.0) : ratio;
}

TrustRadius::TrustRadius(const Settings& settings)
    : initial_(settings["initial_radius"]), largest_(settings["largest_radius"]), acceptance_(settings["acceptance"]) {}

std::vector<Hyperparameter> TrustRadius::hyperparameters() {
  return {positive("initial_radius", 1, "of the trust region, in the preconditioner's norm"),
          positive("largest_radius", 1e10, "of the trust region"),
          between("acceptance", 1e-4, 0, 0.25, "a step is taken if the reduction ratio is larger")};
}

void TrustRadius::begin() {
  if (radius_ == 0) radius_ = std::min<double>(initial_, largest_);
}

void TrustRadius::update(double ratio, double step, double slope, double value_change) {
  if (!(ratio >= 0.25)) {  // NaN too
    double factor = slope / (2 * (slope - value_change));
    if (!std::isfinite(factor) || !std::isfinite(value_change)) factor = 0.1;
    radius_ = std::clamp(factor, 0.1, 0.5) * std::min(step, radius_);
  } else if (ratio > 0.75) {
    radius_ = std::min(std::max(radius_, 2 * step), static_cast<double>(largest_));
  }
}

}  // namespace gradus::optim
