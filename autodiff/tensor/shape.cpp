#include "autodiff/tensor/shape.h"

#include <fmt/format.h>

#include <stdexcept>

namespace gradus {

std::string Shape::to_string() const {
  std::string text = "[";
  for (int axis = 0; axis < rank_; ++axis) text += (axis ? ", " : "") + std::to_string((*this)[axis]);
  return text + "]";
}

void Shape::refuse(std::int64_t extent) const {
  if (rank_ == max_rank) throw std::invalid_argument("shape: more than 6 axes");
  throw std::invalid_argument(fmt::format("shape: negative extent {}", extent));
}

}  // namespace gradus
