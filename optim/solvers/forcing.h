// How accurately a truncated Newton method solves for its steps: |r| <= eta |g|.
#pragma once

#include "optim/optimizer.h"

namespace gradus::optim {

// The choices of "forcing", with eta_max a number of the method:
//   fixed               eta_max
//   superlinear         min(eta_max, sqrt(|g| / |g of the first step|))
//   quadratic           min(eta_max, |g| / |g of the first step|)
//   eisenstat_walker_1  min(eta_max, max(||g| - |r before|| / |g before|,
//                                        eta_before^((1 + sqrt 5) / 2) if that exceeds 0.1))
//   eisenstat_walker_2  min(eta_max, max(0.9 (|g| / |g before|)^2, 0.9 eta_before^2 if that exceeds 0.1))
// Nash & Sofer, and SciPy, take the root of |g| itself, which depends on the loss's scale; relative to the first
// gradient, no sequence here does. Eisenstat & Walker (1996), choices 1 and 2 with their safeguards.
class Forcing {
 public:
  enum class Kind { fixed, superlinear, quadratic, eisenstat_walker_1, eisenstat_walker_2 };
  static constexpr settings::Range kinds() {
    return one_of({"fixed", "superlinear", "quadratic", "eisenstat_walker_1", "eisenstat_walker_2"});
  }
  // `largest` is eta_max.
  Forcing(Kind kind, const double* largest) : kind_(kind), largest_(largest) {}

  // eta for a gradient of this norm.
  double tolerance(double gradient_norm);
  // Takes note of the residual that was reached, |g + A p|.
  void solved(double residual) { residual_ = residual; }
  void visit(StateVisitor& visitor);

 private:
  Kind kind_;
  const double* largest_;
  double first_norm_ = 0, norm_ = 0, residual_ = 0, eta_ = 0;  // 0: no step yet
};

}  // namespace gradus::optim
