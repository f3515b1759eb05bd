// How parameters begin.
#pragma once

#include <functional>
#include <string>

#include "autodiff/tensor/random.h"
#include "autodiff/tensor/tensor.h"

namespace gradus::nn {

// Fills a parameter. For a weight of shape [in, out], fan_in = in and fan_out = out; for one of a convolution, [height,
// width, in, out], both times height * width.
struct Initializer {
  std::string name;
  std::function<void(const Tensor& parameter, RandomStream& random)> fill;
};

Initializer zeros();
Initializer constant(double value);
Initializer uniform(double low, double high);  // of each in [low, high], up to rounding
Initializer normal(double standard_deviation, double mean = 0);
// Glorot & Bengio (2010), eq. 16: uniform in +-sqrt(6 / (fan_in + fan_out)); normal with variance 2 / (fan_in +
// fan_out).
Initializer glorot_uniform();
Initializer glorot_normal();
// He et al. (2015), eq. 10: variance 2 / fan_in; uniform in +-sqrt(6 / fan_in).
Initializer he_uniform();
Initializer he_normal();
// LeCun et al. (1998), eq. 16: variance 1 / fan_in; uniform in +-sqrt(3 / fan_in).
Initializer lecun_uniform();
Initializer lecun_normal();
// Saxe et al. (2014): orthonormal rows or columns, whichever are fewer, times a gain.
Initializer orthogonal(double gain = 1);
// Martens (2010), section 5: each output has standard normal weights from so many inputs, drawn for it, or from all if
// there are fewer; the others are 0.
Initializer sparse(int connections = 15);

}  // namespace gradus::nn
