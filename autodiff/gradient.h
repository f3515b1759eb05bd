// Derivatives of what a tape recorded.
#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "autodiff/tape.h"

namespace gradus {

// The gradient of a scalar with respect to each leaf, written into `out` (same order, shapes and element type). A leaf on
// which `result` does not depend gets zeros. In steady state this allocates nothing.
void gradient(const Var& result, std::span<const Var> leaves, std::span<const Tensor> out);
std::vector<Tensor> gradient(const Var& result, std::initializer_list<Var> leaves);

// The vector-Jacobian product: `cotangent`, of the result's shape, times d result / d leaf.
void vjp(const Var& result, const Tensor& cotangent, std::span<const Var> leaves, std::span<const Tensor> out);

// The same as new nodes of the tape, which can be differentiated again.
std::vector<Var> record_gradient(const Var& result, std::span<const Var> leaves);
std::vector<Var> record_gradient(const Var& result, std::initializer_list<Var> leaves);
std::vector<Var> record_vjp(const Var& result, const Var& cotangent, std::span<const Var> leaves);

}  // namespace gradus
