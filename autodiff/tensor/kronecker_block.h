// A block of a matrix that is block-diagonal with Kronecker products for blocks.
#pragma once

#include <cstddef>

#include "autodiff/tensor/tensor.h"

namespace gradus {

// The block of a layer's weight, and bias, in the mean over examples of J_i^T c_i c_i^T J_i; it is about
// inputs (x) outputs. The weight has k rows (k - 1 with a bias), all axes but the last, and m columns, the last axis.
// Of n examples and, for each, the places at which the layer applies its weight (one for a dense layer, those of the
// kernel for a convolution):
//   inputs [k, k]:   the mean over examples and places of a a^T, a the layer's input, with a 1 at its end if there is
//                    a bias
//   outputs [m, m]:  the mean over examples of the sum over places of g g^T, g the derivative by the layer's output
//                    there
// Martens & Grosse (2015), section 3; for convolutions Grosse & Martens (2016), theorem 1.
struct KroneckerBlock {
  std::size_t weight = 0;    // position among the parameters
  std::ptrdiff_t bias = -1;  // position among the parameters, or -1
  Tensor inputs, outputs;
};

}  // namespace gradus
