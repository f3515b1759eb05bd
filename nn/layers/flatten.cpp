#include "nn/layers/flatten.h"

#include <fmt/format.h>

#include "autodiff/operations/shaping.h"

namespace gradus::nn {

Var Flatten::forward(Forward&, const Var& x) const {
  const Shape& shape = x.shape();
  if (shape.rank() == 0) throw std::invalid_argument("Flatten: a scalar has no batch");
  return reshape(x, {shape[0], shape.size(1, shape.rank())});
}

Var Unflatten::forward(Forward&, const Var& x) const {
  if (x.shape().rank() != 2 || x.shape()[1] != extents_.size())
    throw std::invalid_argument(fmt::format("Unflatten: {} to examples of {}, expected [batch, {}]",
                                            x.shape().to_string(), extents_.to_string(), extents_.size()));
  Shape shape{x.shape()[0]};
  for (int axis = 0; axis < extents_.rank(); ++axis) shape.append(extents_[axis]);
  return reshape(x, shape);
}

}  // namespace gradus::nn
