// How accurately a truncated Newton method solves for its steps: |r| <= eta |g|.
#pragma once

#include "optim/optimizer.h"
#include "optim/settings.h"

namespace gradus::optim {

// The choices of "forcing", with eta_max the hyperparameter "tolerance":
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
  explicit Forcing(const Settings& settings);
  static Forcing fixed(Setting tolerance) { return {Kind::fixed, std::move(tolerance)}; }
  static Hyperparameter choice_hyperparameter(std::string default_choice);

  // eta for a gradient of this norm.
  double tolerance(double gradient_norm);
  // Takes note of the residual that was reached, |g + A p|.
  void solved(double residual) { residual_ = residual; }
  void visit(StateVisitor& visitor);

 private:
  enum class Kind { fixed, superlinear, quadratic, eisenstat_walker_1, eisenstat_walker_2 };
  Forcing(Kind kind, Setting largest) : kind_(kind), largest_(std::move(largest)) {}

  Kind kind_;
  Setting largest_;
  double first_norm_ = 0, norm_ = 0, residual_ = 0, eta_ = 0;  // 0: no step yet
};

}  // namespace gradus::optim
