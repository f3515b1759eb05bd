// How much of a step lies along the directions of largest curvature.
#pragma once

#include <memory>

#include "experiments/lab/instrument.h"

namespace gradus::lab {

struct EigendirectionsOptions {
  std::int64_t every = 100;
  std::int64_t examples = 0;  // the first of the training set; 0: the step's batch
  std::int64_t count = 10;    // directions
  double tolerance = 1e-3;    // of the eigenpairs' residuals, relative to the width of the spectrum
  std::int64_t max_products = 400;

  static constexpr InstrumentDescription describe() {
    return {"eigendirections",
            "shares of step and gradient along the top eigenvectors",
            "(2 + 2 products) n",
            {settings::field<&EigendirectionsOptions::every>(settings::at_least(1),
                                                             "steps from one measurement to the next"),
             settings::field<&EigendirectionsOptions::examples>(
                 settings::at_least(0), "the first of the training set; 0: the batch of the step"),
             settings::field<&EigendirectionsOptions::count>(settings::at_least(1), "directions"),
             settings::field<&EigendirectionsOptions::tolerance>(
                 settings::positive(), "of the residuals of the eigenpairs, relative to the width of the spectrum"),
             settings::field<&EigendirectionsOptions::max_products>(settings::at_least(1), "for all of them")}};
  }
};

// The table "eigendirections", at the point from which the step was taken. Along "rank", for the eigenvectors of the
// Hessian's largest eigenvalues:
//   eigenvalue        falling
//   update_share      the squared cosine between the step and the eigenvector
//   gradient_share    the same of the gradient
// and update_share_total, gradient_share_total: their sums, the share that lies in the space of them all. Gur-Ari,
// Roberts & Dyer (2018), "Gradient descent happens in a tiny subspace". NaN for a step or a gradient of 0. `products`
// are those with the Hessian. It costs two gradients and `products` times two.
std::shared_ptr<Instrument> eigendirections(const EigendirectionsOptions& options = {});

}  // namespace gradus::lab
