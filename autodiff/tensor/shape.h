// The extents of a row-major tensor. Rank 0 is a scalar. A value type that never touches the heap.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace gradus {

class Shape {
 public:
  static constexpr int max_rank = 6;

  constexpr Shape() = default;
  Shape(std::initializer_list<std::int64_t> extents) : Shape(std::span(extents.begin(), extents.size())) {}
  explicit Shape(std::span<const std::int64_t> extents) {
    for (const std::int64_t extent : extents) append(extent);
  }

  int rank() const { return rank_; }
  // Extent along an axis, 0 <= axis < rank().
  std::int64_t operator[](int axis) const { return extents_[static_cast<std::size_t>(axis)]; }
  std::int64_t& operator[](int axis) { return extents_[static_cast<std::size_t>(axis)]; }
  // The number of elements; 1 for a scalar.
  std::int64_t size() const {
    std::int64_t product = 1;
    for (int axis = 0; axis < rank_; ++axis) product *= (*this)[axis];
    return product;
  }
  // The product of the extents of axes [first, last).
  std::int64_t size(int first, int last) const {
    std::int64_t product = 1;
    for (int axis = first; axis < last; ++axis) product *= (*this)[axis];
    return product;
  }
  void append(std::int64_t extent) {
    if (rank_ == max_rank || extent < 0) refuse(extent);
    extents_[static_cast<std::size_t>(rank_++)] = extent;
  }
  friend bool operator==(const Shape& a, const Shape& b) {
    if (a.rank_ != b.rank_) return false;
    for (int axis = 0; axis < a.rank_; ++axis)
      if (a[axis] != b[axis]) return false;
    return true;
  }
  // "[32, 784]"
  std::string to_string() const;

 private:
  [[noreturn]] void refuse(std::int64_t extent) const;

  std::array<std::int64_t, max_rank> extents_{};
  int rank_ = 0;
};

}  // namespace gradus
