// The factors of Kronecker-factored curvature, from one sweep over a batch.
#pragma once

#include <span>
#include <vector>

#include "autodiff/tape.h"
#include "autodiff/tensor/kronecker_block.h"

namespace gradus {

// One block for each leaf that is used as the weight of dense layers (matmul, affine) or ungrouped convolutions alone,
// in the order of the leaves. A leaf with several such uses has one block, each use counting as places of its own.
// Positions are those in `leaves`. Row i of cotangents is c_i, `examples` is n. Memory of blocks given is used again
// where it fits.
void kronecker_factors(const Var& outputs, const Tensor& cotangents, std::int64_t examples, std::span<const Var> leaves,
                       std::vector<KroneckerBlock>& blocks);

}  // namespace gradus
