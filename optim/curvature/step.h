// The beginning and the end that the steps of curvature methods share.
#pragma once

#include "optim/optimizer.h"

namespace gradus::optim {

// Goes to theta, copies the gradient there, and reports loss and norm. Returns false, with the reason, where there is
// nothing to do: the gradient is no longer than `gradient_tolerance` (converged), or a number is not finite.
bool open_step(Objective& objective, const Tensor& theta, double gradient_tolerance, Tensor& gradient,
               StepReport& report);

// Puts theta at the trial point, where the objective is, so that what is known there is not asked again.
void close_step(Objective& objective, const Tensor& theta, const Tensor& trial);

// "gradient_tolerance", and the hyperparameters of line_search_options, whose second condition has this default.
Hyperparameter gradient_tolerance_hyperparameter();
std::vector<Hyperparameter> line_search_hyperparameters(double wolfe_curvature);

}  // namespace gradus::optim
