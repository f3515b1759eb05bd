// Derivatives of a function of one tensor, each call on a tape of its own: for small problems, checks and analysis.
#pragma once

#include <functional>

#include "autodiff/tape.h"

namespace gradus {

// Builds a result from a leaf.
using Function = std::function<Var(Tape& tape, const Var& x)>;

struct ValueAndGradient {
  double value;
  Tensor gradient;  // of x's shape
};
// Of a function whose result is one number.
ValueAndGradient value_and_gradient(const Function& f, const Tensor& x);

// J v: the derivative of f along v (of x's shape); the result has f's shape.
Tensor jvp(const Function& f, const Tensor& x, const Tensor& v);
// J^T u, of x's shape.
Tensor vjp(const Function& f, const Tensor& x, const Tensor& u);

// The dense Jacobian [elements of f(x), elements of x], by rows or by columns, whichever are fewer.
Tensor jacobian(const Function& f, const Tensor& x);
// The dense Hessian [elements of x, elements of x] of a function whose result is one number.
Tensor hessian(const Function& f, const Tensor& x);

}  // namespace gradus
