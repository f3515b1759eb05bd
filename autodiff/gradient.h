// Derivatives of what a tape recorded.
#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "autodiff/tape.h"

namespace gradus {

// The gradient of a scalar with respect to each leaf, written into `out` (same order, shapes and element type). A leaf
// on which `result` does not depend gets zeros. In steady state this allocates nothing.
void gradient(const Var& result, std::span<const Var> leaves, std::span<const Tensor> out);
std::vector<Tensor> gradient(const Var& result, std::initializer_list<Var> leaves);
// The same where nothing more is asked of the record, as in a step of training: the sweep may write over values that
// lie between the leaves and the result, and takes less memory. Reading one that it has overwritten throws.
void last_gradient(const Var& result, std::span<const Var> leaves, std::span<const Tensor> out);

// The vector-Jacobian product: `cotangent`, of the result's shape, times d result / d leaf.
void vjp(const Var& result, const Tensor& cotangent, std::span<const Var> leaves, std::span<const Tensor> out);

// Of several results on one tape: the sum of their products.
void vjp(std::span<const Var> results, std::span<const Tensor> cotangents, std::span<const Var> leaves,
         std::span<const Tensor> out);

// The Jacobian-vector product: the sum over leaves of d result / d leaf times the leaf's tangent, into `out` of the
// result's shape. It records the transposed product and sweeps over that; for many products at one point see
// Linearization.
void jvp(const Var& result, std::span<const Var> leaves, std::span<const Tensor> tangents, const Tensor& out);

// Gradient and vector-Jacobian product as new nodes of the tape, which can be differentiated again.
std::vector<Var> record_gradient(const Var& result, std::span<const Var> leaves);
std::vector<Var> record_gradient(const Var& result, std::initializer_list<Var> leaves);
std::vector<Var> record_vjp(const Var& result, const Var& cotangent, std::span<const Var> leaves);

}  // namespace gradus
