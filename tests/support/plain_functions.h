// What tests write functions and points in: plain vectors.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <vector>

namespace gradus::optim {

using Vector = std::vector<double>;
// Returns the value at theta and writes the gradient, which has theta's length.
using Function = std::function<double(const Vector& theta, Vector& gradient)>;

// `count` numbers, uniform in [-1, 1), the same on every machine.
inline Vector random_numbers(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  Vector numbers(count);
  for (double& x : numbers) x = static_cast<double>(engine() >> 11) * 0x1p-52 - 1;
  return numbers;
}

}  // namespace gradus::optim
