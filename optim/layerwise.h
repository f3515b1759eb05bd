// What methods that look at the slices of theta share: slices as matrices, and state that only some slices have.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "autodiff/tensor/parameter_slice.h"
#include "autodiff/tensor/vectors.h"

namespace gradus::optim {

using vectors::dot_with_difference;
using vectors::norm;
using vectors::norm_1;
using vectors::root_mean_square;
using vectors::sum_of_squares;

// A slice of rank 2 or more as a matrix: the last axis are its columns, all others together its rows. A layer's weight
// has a column for each output.
struct MatrixExtents {
  std::int64_t rows = 0, columns = 0;
};
inline MatrixExtents matrix_extents(const ParameterSlice& slice) {
  const int last = slice.shape.rank() - 1;
  return {slice.shape.size(0, last), slice.shape[last]};
}

// Remembers the slices for which memory was laid out.
class KnownSlices {
 public:
  // True the first time; afterwards throws unless the shapes are the same.
  bool are_new(std::span<const ParameterSlice> slices) {
    const bool first = shapes_.empty();
    if (first)
      for (const ParameterSlice& slice : slices) shapes_.push_back(slice.shape);
    bool same = slices.size() == shapes_.size();
    for (std::size_t i = 0; same && i < slices.size(); ++i) same = slices[i].shape == shapes_[i];
    if (!same) throw std::invalid_argument("optimizer: the slices of theta have changed their shapes");
    return first;
  }

 private:
  std::vector<Shape> shapes_;
};

// State of which each slice has a piece of its own size, some none: one vector, the pieces one after the other, so that
// it is saved under one name whatever the slices.
class PackedState {
 public:
  // Once for each slice, in order, before the first use.
  void append(std::int64_t size) {
    offsets_.push_back(total_);
    total_ += size;
  }
  // Makes the vector, unless it exists (or was restored) or would be empty; true if it was made. Throws if a vector
  // that was restored has another size or type.
  bool ensure(DType type, double start = 0) {
    const bool made = !values.defined() && total_ > 0;
    if (made) values = Tensor::full({total_}, start, type);
    if (values.defined() && (values.shape() != Shape{total_} || values.dtype() != type))
      throw std::invalid_argument("optimizer: a state of " + values.shape().to_string() + " of " +
                                  name_of(values.dtype()) + ", expected [" + std::to_string(total_) + "] of " +
                                  name_of(type));
    return made;
  }
  // The piece of a slice, under a shape.
  Tensor of(std::size_t slice, const Shape& shape) const { return values.part(offsets_[slice], shape); }

  Tensor values;

 private:
  std::vector<std::int64_t> offsets_;
  std::int64_t total_ = 0;
};

// The number of elements of the largest slice.
inline std::int64_t largest_size(std::span<const ParameterSlice> slices) {
  std::int64_t largest = 0;
  for (const ParameterSlice& slice : slices) largest = std::max(largest, slice.size());
  return largest;
}

}  // namespace gradus::optim
