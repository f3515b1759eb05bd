// The largest curvature at which a method does not oscillate away, as it says of itself.
#pragma once

#include <cmath>
#include <optional>
#include <span>

#include "autodiff/tensor/tensor.h"
#include "optim/update.h"

namespace gradus::optim {

// With its numbers and P held, the method converges on a quadratic function if the largest eigenvalue of P^-1 H is
// below the threshold, and diverges along that eigenvector if it is above. Cohen et al. (2021), "Gradient descent on
// neural networks typically occurs at the edge of stability", and (2022), "Adaptive gradient methods at the edge of
// stability".
//
// Where the threshold comes from: along an eigenvector of P^-1 H with eigenvalue l, a method whose direction is linear
// in the gradients moves theta by  theta <- s theta - l F theta,  with s = 1 less its weight decay and F the filter of
// its moments as a function of the root z of this recurrence. The root that leaves the unit circle first is z = -1,
// where F is positive: that is at l = (1 + s) / F(-1). A moment m <- beta m + (1 - beta) g has
// F(-1) = (1 - beta) / (1 + beta); the sum of several terms, the sum of theirs.
struct Stability {
  double threshold = 0;
  Tensor preconditioner = {};  // the diagonal of P, like theta, as it was in the last step; undefined: the identity
  double turn = 2;             // 1 + s; 0 where s does not stand in the threshold in this way

  // That of the method within a decay which takes this part of theta in each step: nothing where that is not known.
  std::optional<Stability> with_decay(double part) const {
    if (part == 0) return *this;
    if (turn == 0) return std::nullopt;
    return Stability{threshold * (turn - part) / turn, preconditioner, turn - part};
  }
};

// F(-1) of a moment.
inline double moment_turned(double beta) { return (1 - beta) / (1 + beta); }

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
