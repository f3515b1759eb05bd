// Bytes as numbers that any file of tensors keeps: three in each float32, which is exact.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
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

// The first `size` bytes of what they stand for. Throws std::runtime_error for numbers that are not of so many bytes.
inline std::vector<std::byte> bytes_of_numbers(const Tensor& numbers, std::int64_t size) {
  const std::span<const float> elements = numbers.elements<float>();
  if (size < 0 || static_cast<std::uint64_t>(size) > 3 * elements.size())
    throw std::runtime_error(
        fmt::format("a saved state of {} bytes in {} numbers, expected at most three in each", size, elements.size()));
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const float number = elements[i / 3];
    if (!(number >= 0 && number < 0x1p24f))
      throw std::runtime_error(fmt::format("a saved state with the number {}, expected 0 to 2^24 - 1", number));
    bytes[i] = static_cast<std::byte>(static_cast<unsigned>(number) >> (8 * (i % 3)));
  }
  return bytes;
}

}  // namespace gradus::lab
