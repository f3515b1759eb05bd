#include "optim/solvers/forcing.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gradus::optim {
double Forcing::tolerance(double gradient_norm) {
  if (first_norm_ == 0) first_norm_ = gradient_norm;
  const double ratio = gradient_norm / first_norm_, largest = *largest_;
  double eta = largest;
  // A value that asks for much less than the step before did may be luck: Eisenstat & Walker let it fall slowly while
  // it is large.
  const auto guarded = [&](double value, double slower) { return slower > 0.1 ? std::max(value, slower) : value; };
  if (kind_ == Kind::superlinear) eta = std::sqrt(ratio);
  if (kind_ == Kind::quadratic) eta = ratio;
  if (kind_ == Kind::eisenstat_walker_1 && norm_ > 0)
    eta = guarded(std::abs(gradient_norm - residual_) / norm_, std::pow(eta_, std::numbers::phi));
  if (kind_ == Kind::eisenstat_walker_2 && norm_ > 0)
    eta = guarded(0.9 * (gradient_norm / norm_) * (gradient_norm / norm_), 0.9 * eta_ * eta_);
  norm_ = gradient_norm;
  eta_ = std::min(eta, largest);
  return eta_;
}

void Forcing::visit(StateVisitor& visitor) {
  visitor.number("first_gradient_norm", first_norm_);
  visitor.number("gradient_norm", norm_);
  visitor.number("residual_norm", residual_);
  visitor.number("inner_tolerance", eta_);
}

}  // namespace gradus::optim
