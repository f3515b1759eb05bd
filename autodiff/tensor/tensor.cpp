#include "autodiff/tensor/tensor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "autodiff/tensor/memory.h"

namespace gradus {
namespace {

template <class F>
decltype(auto) with_any(DType type, F&& f) {
  return type == DType::int32 ? f(std::int32_t{}) : with_floating(type, f);
}

}  // namespace

Tensor Tensor::uninitialized(const Shape& shape, DType type) {
  const std::size_t bytes = static_cast<std::size_t>(shape.size()) * size_of(type);
  std::shared_ptr<std::byte> memory = take_block(std::max<std::size_t>(bytes, 1));
  Tensor tensor = view(memory.get(), shape, type);
  tensor.owner_ = std::move(memory);
  return tensor;
}

Tensor Tensor::zeros(const Shape& shape, DType type) {
  Tensor tensor = uninitialized(shape, type);
  std::memset(tensor.data_, 0, tensor.bytes());
  return tensor;
}

Tensor Tensor::full(const Shape& shape, double value, DType type) {
  Tensor tensor = uninitialized(shape, type);
  tensor.fill(value);
  return tensor;
}

Tensor Tensor::of(const Shape& shape, std::initializer_list<double> values, DType type) {
  return of(shape, std::vector<double>(values), type);
}

Tensor Tensor::of(const Shape& shape, const std::vector<double>& values, DType type) {
  if (static_cast<std::int64_t>(values.size()) != shape.size())
    throw std::invalid_argument(fmt::format("tensor: {} values for shape {}", values.size(), shape.to_string()));
  Tensor tensor = uninitialized(shape, type);
  for (std::size_t i = 0; i < values.size(); ++i) tensor.set(static_cast<std::int64_t>(i), values[i]);
  return tensor;
}

Tensor Tensor::indices(std::initializer_list<std::int32_t> values) {
  Tensor tensor = uninitialized({static_cast<std::int64_t>(values.size())}, DType::int32);
  std::copy(values.begin(), values.end(), tensor.data<std::int32_t>());
  return tensor;
}

Tensor Tensor::reshaped(const Shape& shape) const {
  if (shape.size() != size())
    throw std::invalid_argument(fmt::format("reshape: {} has {} elements, {} has {}", shape_.to_string(), size(),
                                            shape.to_string(), shape.size()));
  return part(0, shape);
}

Tensor Tensor::part(std::int64_t first, const Shape& shape) const {
  if (!data_) wrong_type(type_);
  if (first < 0 || shape.size() > size() - first)
    throw std::invalid_argument(
        fmt::format("tensor: elements {} to {} of {}", first, first + shape.size(), shape_.to_string()));
  Tensor tensor = *this;
  tensor.shape_ = shape;
  tensor.data_ = static_cast<std::byte*>(data_) + static_cast<std::size_t>(first) * size_of(type_);
  return tensor;
}

Tensor Tensor::rows(std::int64_t first, std::int64_t count) const {
  if (shape_.rank() == 0 || first < 0 || count < 0 || first + count > shape_[0])
    throw std::invalid_argument(fmt::format("tensor: rows {} to {} of {}", first, first + count, shape_.to_string()));
  Shape shape = shape_;
  shape[0] = count;
  return part(first * shape_.size(1, shape_.rank()), shape);
}

Tensor Tensor::clone() const { return converted(type_); }

Tensor Tensor::converted(DType type) const {
  Tensor tensor = uninitialized(shape_, type);
  tensor.copy_from(*this);
  return tensor;
}

void Tensor::copy_from(const Tensor& source) const {
  if (source.size() != size())
    throw std::invalid_argument(fmt::format("copy: {} into {}", source.shape_.to_string(), shape_.to_string()));
  if (source.type_ == type_) {
    if (!data_ || !source.data_) (data_ ? source : *this).wrong_type(type_);
    if (data_ != source.data_ && size() > 0) std::memmove(data_, source.data_, bytes());
    return;
  }
  with_any(type_, [&]<class To>(To) {
    with_any(source.type_, [&]<class From>(From) {
      const From* from = source.data<From>();
      std::transform(from, from + size(), data<To>(), [](From x) { return static_cast<To>(x); });
    });
  });
}

void Tensor::fill(double value) const {
  with_any(type_, [&]<class T>(T) { std::fill_n(data<T>(), size(), static_cast<T>(value)); });
}

double Tensor::at(std::int64_t i) const {
  if (i < 0 || i >= size()) throw std::invalid_argument(fmt::format("tensor: element {} of {}", i, shape_.to_string()));
  return with_any(type_, [&]<class T>(T) { return static_cast<double>(data<T>()[i]); });
}

void Tensor::set(std::int64_t i, double value) const {
  if (i < 0 || i >= size()) throw std::invalid_argument(fmt::format("tensor: element {} of {}", i, shape_.to_string()));
  with_any(type_, [&]<class T>(T) { data<T>()[i] = static_cast<T>(value); });
}

double Tensor::item() const {
  if (size() != 1)
    throw std::invalid_argument(fmt::format("item: {} has more or fewer than one element", shape_.to_string()));
  return at(0);
}

std::vector<double> Tensor::to_vector() const {
  std::vector<double> values(static_cast<std::size_t>(size()));
  with_any(type_, [&]<class T>(T) { std::copy_n(data<T>(), size(), values.begin()); });
  return values;
}

void Tensor::wrong_type(DType asked) const {
  if (!data_)
    throw std::invalid_argument("tensor: undefined, it was made without numbers and has not been given any yet");
  throw std::invalid_argument(
      fmt::format("tensor: {} of {} was read as {}: read it as what it is, or pass Tensor::converted(DType::{})",
                  shape_.to_string(), name_of(type_), name_of(asked), name_of(asked)));
}

}  // namespace gradus
