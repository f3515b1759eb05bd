// The named, shaped parts of a parameter vector.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "autodiff/tensor/tensor.h"

namespace gradus {

struct ParameterSlice {
  std::string name;  // "layers.0.weight"
  Shape shape;
  std::int64_t offset = 0;        // of its first element in the vector
  std::vector<std::string> tags;  // "bias", "norm", ...

  std::int64_t size() const { return shape.size(); }
  bool has_tag(std::string_view tag) const { return std::find(tags.begin(), tags.end(), tag) != tags.end(); }
  // This part of a vector of the whole length.
  Tensor of(const Tensor& vector) const { return vector.part(offset, shape); }
};

}  // namespace gradus
