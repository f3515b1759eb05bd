#include "autodiff/operations/norms.h"

#include "autodiff/operations/activations.h"

namespace gradus {

Var l1_norm(const Var& x) { return sum(abs(x)); }

Var l2_norm(const Var& x) {
  const Var squares = sum(square(x)), zero = x.tape().scalar(0), one = x.tape().scalar(1);
  const Var positive = greater(squares, zero);
  return select(sqrt(where(positive, squares, one)), positive);  // the root's derivative at 0 is infinite
}

Var max_norm(const Var& x) {
  if (x.shape().size() == 0) throw std::invalid_argument("max_norm: no elements in " + x.shape().to_string());
  return max(reshape(abs(x), {x.shape().size()}), 0);
}

Var masked_fill(const Var& x, const Var& mask, double value) { return where(mask, x.tape().scalar(value), x); }

}  // namespace gradus
