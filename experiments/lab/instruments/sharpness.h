// The largest eigenvalue of the Hessian against what the method can bear.
#pragma once

#include <memory>

#include "experiments/lab/instrument.h"

namespace gradus::lab {

struct SharpnessOptions {
  std::int64_t every = 100;
  std::int64_t examples = 0;  // the first of the training set; 0: the step's batch
  double tolerance = 1e-3;    // of the residual, relative to the width of the spectrum; the value is off by its square
  std::int64_t max_products = 200;  // for each of the two eigenvalues

  static constexpr InstrumentDescription describe() {
    return {
        "sharpness",
        "largest eigenvalue of the Hessian against the method's stability threshold",
        "(1 + 2 products) n",
        {settings::field<&SharpnessOptions::every>(settings::at_least(1), "steps from one measurement to the next"),
         settings::field<&SharpnessOptions::examples>(settings::at_least(0),
                                                      "the first of the training set; 0: the batch of the step"),
         settings::field<&SharpnessOptions::tolerance>(settings::positive(),
                                                       "of the residuals, relative to the width of the spectrum"),
         settings::field<&SharpnessOptions::max_products>(settings::at_least(1), "for each of the two eigenvalues")}};
  }
};

// The table "sharpness", at the point from which the step was taken:
//   sharpness                  the largest eigenvalue of the Hessian H
//   preconditioned_sharpness   that of P^-1 H, with the method's own P in this step (optim::Stability); without one,
//                              the same number
//   threshold                  of the method on P^-1 H; NaN for a method that does not know it
//   regime                     the preconditioned sharpness is below the threshold, at it (within 5 %), or above
//   residual, products         |A x - lambda x| of the preconditioned pair; products with the Hessian for both
// By Lanczos' method from the last eigenvectors. Cohen et al. (2021), (2022): see optim/stability.h. It costs a
// gradient and `products` times two.
std::shared_ptr<Instrument> sharpness(const SharpnessOptions& options = {});

}  // namespace gradus::lab
