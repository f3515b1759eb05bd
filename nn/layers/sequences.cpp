#include "nn/layers/sequences.h"

#include <fmt/format.h>

#include "autodiff/operations/permute.h"
#include "autodiff/operations/shaping.h"

namespace gradus::nn {

Var swap_time(const Var& x) {
  switch (x.shape().rank()) {
    case 2:
      return permute(x, {1, 0});
    case 3:
      return permute(x, {1, 0, 2});
    case 4:
      return permute(x, {1, 0, 2, 3});
    default:
      throw std::invalid_argument(fmt::format("swap_time: {}, expected 2 to 4 axes", x.shape().to_string()));
  }
}

Var LastStep::forward(Forward&, const Var& x) const {
  const Shape& shape = x.shape();
  if (shape.rank() != 3 || shape[0] == 0)
    throw std::invalid_argument(fmt::format("LastStep: {}, expected [time, batch, features]", shape.to_string()));
  return reshape(slice(x, 0, shape[0] - 1, 1), {shape[1], shape[2]});
}

}  // namespace gradus::nn
