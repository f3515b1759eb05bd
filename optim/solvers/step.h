// The beginning and the end that the steps of curvature methods share.
#pragma once

#include <limits>

#include "optim/optimizer.h"

namespace gradus::optim {

// Goes to theta, copies the gradient there, and reports loss and norm. Returns false, with the reason, where there is
// nothing to do: the gradient is no longer than `gradient_tolerance` (converged), or a number is not finite.
bool open_step(Objective& objective, const Tensor& theta, double gradient_tolerance, Tensor& gradient,
               StepReport& report);

// What the trials of a step have come to, for the reason why none of them was taken.
class Trials {
 public:
  void saw(bool finite) {
    any_ = true;
    any_finite_ = any_finite_ || finite;
  }
  // not_finite only where trials were made and each met a number that is not finite; having made none is no failure.
  Reason failure() const { return any_ && !any_finite_ ? Reason::not_finite : Reason::no_progress; }

 private:
  bool any_ = false, any_finite_ = false;
};
// Why there is no step where the solver inside it found no direction of descent.
inline Reason without_direction(Reason solver) {
  return solver == Reason::not_finite ? Reason::not_finite : Reason::no_progress;
}

// The lowest value on the way, and how many steps in a row have found none that is lower. At the level of its rounding
// a method may still come on, led by the gradient, as past a saddle; or step to and fro without end.
class Standstill {
 public:
  // The highest value that a step from this one may end at: the lowest and its rounding, so that what many steps rise
  // by rounding does not add up. No step starts above that unless the data, or theta, are others: then all begins anew.
  double ceiling(double start, DType type);
  // Whether it is time to end, after a step to this value.
  bool is_end(double value);
  void visit(StateVisitor& visitor);

 private:
  void begin(double lowest);
  static constexpr std::int64_t patience = 50;
  std::int64_t steps_ = 0;
  double lowest_ = std::numeric_limits<double>::infinity();
};

// Puts theta at the trial point, where the objective is, so that what is known there is not asked again. At a
// standstill theta stays, and the reason is no_progress.
void close_step(Objective& objective, const Tensor& theta, const Tensor& trial, Standstill& standstill,
                StepReport& report);

// "gradient_tolerance".
template <auto Member>
constexpr settings::Field gradient_tolerance_field() {
  return field<Member>(non_negative(), "converged where the norm of the gradient is no larger; absolute");
}

}  // namespace gradus::optim
