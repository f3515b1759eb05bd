#include "nn/layers/per_position.h"

#include <fmt/format.h>

#include "autodiff/operations/shaping.h"

namespace gradus::nn {

Var PerPosition::forward(Forward& f, const Var& x) const {
  Shape shape = x.shape();
  const int last = shape.rank() - 1;
  if (last < 1) throw std::invalid_argument(fmt::format("PerPosition: {}, expected [.., features]", shape.to_string()));
  const std::int64_t positions = shape.size(0, last);
  const Var y = inner_.forward(f, reshape(x, {positions, shape[last]}));
  if (y.shape().rank() != 2 || y.shape()[0] != positions)
    throw std::invalid_argument(
        fmt::format("PerPosition: the inner layer makes {} of {} positions, expected a row for each",
                    y.shape().to_string(), positions));
  shape[last] = y.shape()[1];
  return reshape(y, shape);
}

}  // namespace gradus::nn
