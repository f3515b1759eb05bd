// The factors of Kronecker-factored curvature, from one sweep over a batch.
#pragma once

#include <span>
#include <vector>

#include "autodiff/tape.h"

namespace gradus {

// The block of a layer's weight, and bias, in the mean over examples of J_i^T c_i c_i^T J_i is about A (x) G. Of n
// examples and, for each, the places at which the layer applies its weight (one for a dense layer, those of the kernel
// for a convolution):
//   inputs A [k, k]:  the mean over examples and places of a a^T, a the layer's input, with a 1 at its end if there is
//   a bias outputs G [m, m]: the mean over examples of the sum over places of g g^T, g the derivative by the layer's
//   output there
// for a weight of k (or k - 1, with bias) rows and m columns. Martens & Grosse (2015), section 3; for convolutions
// Grosse & Martens (2016), theorem 1.
struct KroneckerFactors {
  std::size_t weight = 0;    // position in `leaves`
  std::ptrdiff_t bias = -1;  // position in `leaves`, or -1
  Tensor inputs, outputs;
};

// One block for each leaf that is used as the weight of dense layers (matmul, affine) or ungrouped convolutions alone,
// in the order of the leaves. A leaf with several such uses has one block, each use counting as places of its own. Row
// i of cotangents is c_i, `examples` is n. Memory of blocks given is used again where it fits.
void kronecker_factors(const Var& outputs, const Tensor& cotangents, std::int64_t examples, std::span<const Var> leaves,
                       std::vector<KroneckerFactors>& blocks);

}  // namespace gradus
