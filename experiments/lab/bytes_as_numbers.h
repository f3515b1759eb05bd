// Bytes as numbers that any file of tensors keeps: three in each float32, which is exact.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "autodiff/tensor/tensor.h"

namespace gradus::lab {

// A vector of whole numbers below 2^24; the last one is filled up with zeros.
inline Tensor numbers_of(std::span<const std::byte> bytes) {
  const std::size_t count = (bytes.size() + 2) / 3;
  Tensor numbers = Tensor::zeros(Shape{static_cast<std::int64_t>(count)}, DType::float32);
  const std::span<float> elements = numbers.elements<float>();
  for (std::size_t i = 0; i < bytes.size(); ++i)
    elements[i / 3] += static_cast<float>(std::to_integer<unsigned>(bytes[i]) << (8 * (i % 3)));
  return numbers;
}

// The first `size` bytes of what they stand for.
inline std::vector<std::byte> bytes_of_numbers(const Tensor& numbers, std::size_t size) {
  const std::span<float> elements = numbers.elements<float>();
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<std::byte>(static_cast<unsigned>(elements[i / 3]) >> (8 * (i % 3)));
  return bytes;
}

}  // namespace gradus::lab
