// A contiguous, row-major block of numbers: owning, or a view of memory that somebody else keeps alive.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <vector>

#include "autodiff/tensor/dtype.h"
#include "autodiff/tensor/shape.h"

namespace gradus {

// Copying a Tensor copies the handle, as in NumPy and PyTorch; clone() copies the numbers. A view of a part shares the
// ownership of the whole. There are no strides: a part is a contiguous range.
class Tensor {
 public:
  Tensor() = default;

  // New memory, aligned to 64 bytes.
  static Tensor uninitialized(const Shape& shape, DType type);
  static Tensor zeros(const Shape& shape, DType type);
  static Tensor full(const Shape& shape, double value, DType type);
  // Converts each value to the element type. Throws if the number of values is not shape.size().
  static Tensor of(const Shape& shape, std::initializer_list<double> values, DType type = DType::float64);
  static Tensor of(const Shape& shape, const std::vector<double>& values, DType type = DType::float64);
  static Tensor indices(std::initializer_list<std::int32_t> values);

  // A view of memory that the caller keeps alive.
  static Tensor view(void* data, const Shape& shape, DType type) {
    Tensor tensor;
    tensor.data_ = data;
    tensor.shape_ = shape;
    tensor.type_ = type;
    return tensor;
  }

  const Shape& shape() const { return shape_; }
  DType dtype() const { return type_; }
  std::int64_t size() const { return shape_.size(); }
  std::size_t bytes() const { return static_cast<std::size_t>(size()) * size_of(type_); }
  // False for a default-constructed Tensor only, whose numbers nobody can ask for.
  bool defined() const { return data_ != nullptr; }

  void* raw() const { return data_; }
  // The elements; throws std::invalid_argument if T is not the element type, or if there are none yet.
  template <class T>
  T* data() const {
    if (dtype_of<T>() != type_ || (!data_ && size() > 0)) [[unlikely]]
      wrong_type(dtype_of<T>());
    return static_cast<T*>(data_);
  }
  template <class T>
  std::span<T> elements() const {
    return {data<T>(), static_cast<std::size_t>(size())};
  }

  // The same numbers under another shape of the same size.
  Tensor reshaped(const Shape& shape) const;
  // Elements [first, first + shape.size()) under a shape.
  Tensor part(std::int64_t first, const Shape& shape) const;
  // Rows [first, first + count) along axis 0.
  Tensor rows(std::int64_t first, std::int64_t count) const;

  Tensor clone() const;
  // Copies the numbers, converting the element type where it differs. Throws if the sizes differ.
  void copy_from(const Tensor& source) const;
  Tensor converted(DType type) const;
  void fill(double value) const;
  // Element i in row-major order, as a double.
  double at(std::int64_t i) const;
  void set(std::int64_t i, double value) const;
  // The only element; throws if there is not exactly one.
  double item() const;
  std::vector<double> to_vector() const;

 private:
  [[noreturn]] void wrong_type(DType asked) const;

  void* data_ = nullptr;
  Shape shape_;
  DType type_ = DType::float32;
  std::shared_ptr<void> owner_;
};

}  // namespace gradus
