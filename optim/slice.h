// The named, shaped parts of a parameter vector, for the methods that look at more than single numbers.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "autodiff/tensor.h"

namespace gradus::optim {

struct Slice {
  std::string name;  // "layers.0.weight"
  Shape shape;
  std::int64_t offset = 0;        // of its first element in theta
  std::vector<std::string> tags;  // "bias", "norm", ...

  std::int64_t size() const { return shape.size(); }
  bool has_tag(std::string_view tag) const { return std::find(tags.begin(), tags.end(), tag) != tags.end(); }
  // This part of a vector of theta's length.
  Tensor of(const Tensor& vector) const { return vector.part(offset, shape); }
};

}  // namespace gradus::optim
