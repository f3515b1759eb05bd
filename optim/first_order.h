// What all first-order methods are: a formula that moves theta, given the gradient there.
#pragma once

#include <span>

#include "optim/optimizer.h"

namespace gradus::optim {

// Goes to theta and asks for the gradient there. Writes the loss to the report; returns false, with the reason
// not_finite, if the loss or an element of the gradient is not finite. Every method begins its step so, before anything
// of it changes: formulas that look at signs or compare would take NaN for 0.
bool begin_step(Objective& objective, const Tensor& theta, StepReport& report);

class FirstOrder : public Optimizer {
 public:
  // One gradient. Where that or the loss is not finite, theta and the state stay as they are.
  StepReport step(Objective& objective, const Tensor& theta) final;

 protected:
  using Slices = std::span<const ParameterSlice>;
  // Moves theta, given the gradient at it, which is finite.
  virtual void apply(const Tensor& theta, const Tensor& gradient, Slices slices) = 0;
};

}  // namespace gradus::optim
