#include "nn/layers/residual.h"

#include <string>

namespace gradus::nn {

Var Residual::forward(Forward& f, const Var& x) const {
  const Var y = inner_.forward(f, x);
  if (y.shape() != x.shape())
    throw std::invalid_argument("Residual: the inner layer makes " + y.shape().to_string() + " of " +
                                x.shape().to_string() + ", expected the same shape");
  return x + y;
}

Var PerPosition::forward(Forward& f, const Var& x) const {
  Shape shape = x.shape();
  const int last = shape.rank() - 1;
  if (last < 1) throw std::invalid_argument("PerPosition: " + shape.to_string() + ", expected [.., features]");
  const Var y = inner_.forward(f, reshape(x, {shape.size(0, last), shape[last]}));
  if (y.shape().rank() != 2 || y.shape()[0] != shape.size(0, last))
    throw std::invalid_argument("PerPosition: the inner layer makes " + y.shape().to_string() + " of " +
                                std::to_string(shape.size(0, last)) + " positions, expected a row for each");
  shape[last] = y.shape()[1];
  return reshape(y, shape);
}

}  // namespace gradus::nn
