// Gradients of each example of a batch, from one sweep over the whole batch.
#pragma once

#include <span>

#include "autodiff/tape.h"

namespace gradus {

// All take losses[n], one number an example, that depend on shared leaves through dense layers (matmul, affine),
// convolutions and biases, where example i is row i of every operand. Another use of a leaf, a normalisation over the
// batch for instance, is refused by the operation's name. Vectors are flat: the leaves one after the other, P elements.

// gradients[n, P]
void per_example_gradients(const Var& losses, std::span<const Var> leaves, const Tensor& gradients);

// The squared Euclidean norm of each example's gradient, squared_norms[n]. For a leaf used once by a dense layer the
// gradients are not formed (Goodfellow 2015).
void per_example_squared_norms(const Var& losses, std::span<const Var> leaves, const Tensor& squared_norms);

// The mean over examples and the unbiased variance, element by element, mean[P] and variance[P]; needs n >= 2.
void gradient_mean_and_variance(const Var& losses, std::span<const Var> leaves, const Tensor& mean,
                                const Tensor& variance);

// The mean over rows i of the squares of J_i^T c_i, element by element, squares[P]: J_i is the Jacobian of row i of the
// outputs[n, ...], c_i row i of the cotangents, which have the outputs' shape. With the derivatives of each example's
// loss for cotangents this is the diagonal of the empirical Fisher matrix. The same uses of leaves as above; outputs
// may be anything with an example in each row.
void per_example_mean_squares(const Var& outputs, const Tensor& cotangents, std::span<const Var> leaves,
                              const Tensor& squares);

}  // namespace gradus
