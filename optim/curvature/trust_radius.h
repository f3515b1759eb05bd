// How a trust region grows and shrinks.
#pragma once

#include "optim/optimizer.h"
#include "optim/settings.h"

namespace gradus::optim {

// The actual reduction over the model's, where both count the value's `rounding` more: near a minimum the actual one is
// nothing but rounding (Conn, Gould & Toint 2000, section 17.4.2). Not above 0 where the trial's value is above the
// ceiling, so that no step is taken there.
double reduction_ratio(double value, double trial_value, double ceiling, double model_change, double rounding);

// Conn, Gould & Toint (2000), Algorithm 6.1.1 with the factors of section 17.1: a step is taken if the ratio exceeds
// `acceptance`; below 1/4 the radius becomes the minimiser of the parabola through value, slope and trial value,
// between 1/10 and 1/2 of the step; above 3/4, twice the step, if that is more.
class TrustRadius {
 public:
  explicit TrustRadius(const Settings& settings);
  static std::vector<Hyperparameter> hyperparameters();

  double radius() const { return radius_; }
  bool accepts(double ratio) const { return ratio > acceptance_; }
  // Starts with the radius given, if there has been no step yet.
  void begin();
  // Starts anew at the next step, after one that found no point: a radius of nothing would find none on other data
  // either.
  void forget() { radius_ = 0; }
  // `step` is the norm of the step and `slope` the derivative of the value along it.
  void update(double ratio, double step, double slope, double value_change);
  void visit(StateVisitor& visitor) { visitor.number("trust_radius", radius_); }

 private:
  Setting initial_, largest_, acceptance_;
  double radius_ = 0;
};

}  // namespace gradus::optim
