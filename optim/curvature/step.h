// The beginning and the end that the steps of curvature methods share.
#pragma once

#include "optim/curvature/line_search.h"
#include "optim/optimizer.h"

namespace gradus::optim {

// Goes to theta, copies the gradient there, and reports loss and norm. Returns false, with the reason, where there is
// nothing to do: the gradient is no longer than `gradient_tolerance` (converged), or a number is not finite.
bool open_step(Objective& objective, const Tensor& theta, double gradient_tolerance, Tensor& gradient,
               StepReport& report);

// What the trials of a step have come to, for the reason why none of them was taken.
class Trials {
 public:
  void saw(bool finite) { any_ = true, any_finite_ = any_finite_ || finite; }
  // not_finite only where trials were made and each met a number that is not finite; having made none is no failure.
  Reason failure() const { return any_ && !any_finite_ ? Reason::not_finite : Reason::no_progress; }

 private:
  bool any_ = false, any_finite_ = false;
};
// Why there is no step where the solver inside it found no direction of descent.
inline Reason without_direction(Reason solver) {
  return solver == Reason::not_finite ? Reason::not_finite : Reason::no_progress;
}
// Reports how far a search went along a direction. Returns whether there is a point to go to.
bool finish_search(const LineSearchResult& found, const Tensor& direction, StepReport& report);

// Puts theta at the trial point, where the objective is, so that what is known there is not asked again. Where neither
// value nor gradient have become smaller, as happens at the level of rounding, theta stays, and the reason is
// no_progress: a method would step to and fro without end. Returns whether theta has moved.
bool close_step(Objective& objective, const Tensor& theta, const Tensor& trial, StepReport& report);

// "gradient_tolerance", and the hyperparameters of line_search_options, whose second condition has this default.
Hyperparameter gradient_tolerance_hyperparameter();
std::vector<Hyperparameter> line_search_hyperparameters(double wolfe_curvature);

}  // namespace gradus::optim
