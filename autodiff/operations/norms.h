// Norms over all elements of a tensor. Where a norm has no derivative, at 0, these give 0, as PyTorch does.
#pragma once

#include "autodiff/operations/reductions.h"
#include "autodiff/operations/selection.h"

namespace gradus {

// sum |x|
Var l1_norm(const Var& x);
// sqrt(sum x^2)
Var l2_norm(const Var& x);
// max |x|; the derivative goes to the first of the largest elements. Throws for a tensor without elements.
Var max_norm(const Var& x);

// x where the mask is 0, `value` where it is not, e.g. minus infinity before a softmax; the mask broadcasts to x.
Var masked_fill(const Var& x, const Var& mask, double value);

}  // namespace gradus
