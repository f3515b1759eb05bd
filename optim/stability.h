// The largest curvature at which a method does not oscillate away, as it says of itself.
#pragma once

#include <cmath>
#include <span>

#include "autodiff/tensor/tensor.h"
#include "optim/update.h"

namespace gradus::optim {

// With its numbers and P held, the method converges on a quadratic function if the largest eigenvalue of P^-1 H is
// below the threshold, and diverges along that eigenvector if it is above. Cohen et al. (2021), "Gradient descent on
// neural networks typically occurs at the edge of stability", and (2022), "Adaptive gradient methods at the edge of
// stability".
struct Stability {
  double threshold = 0;
  Tensor preconditioner = {};  // the diagonal of P, like theta, as it was in the last step; undefined: the identity
};

// scale (sqrt(v) root_scale + epsilon), element by element: what methods that divide by a root divide by.
inline Tensor root_preconditioner(const Tensor& v, double epsilon, double root_scale = 1, double scale = 1) {
  const Tensor p = Tensor::uninitialized(v.shape(), v.dtype());
  update_each(p, v, [=]<class T>(T) {
    return [root_scale = T(root_scale), epsilon = T(epsilon), scale = T(scale)](T& to, T square) {
      to = scale * (math::sqrt(square) * root_scale + epsilon);
    };
  });
  return p;
}

}  // namespace gradus::optim
