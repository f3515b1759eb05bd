// The numbers that numpy.random.RandomState draws, for published problems and data that are defined by them. NumPy has
// frozen these streams: a Mersenne twister with 53 uniform bits of two words, normals by Marsaglia's polar method, and
// whole numbers by rejecting what a mask lets through.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <random>
#include <utility>
#include <vector>

namespace gradus {

class NumpyRandom {
 public:
  explicit NumpyRandom(std::uint32_t seed) : engine_(seed) {}

  double uniform() {
    const std::uint32_t high = word() >> 5, low = word() >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
  }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  double normal() {
    if (kept_) {
      const double value = *kept_;
      kept_.reset();
      return value;
    }
    double x, y, square;
    do {
      x = 2 * uniform() - 1;
      y = 2 * uniform() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square == 0);
    const double factor = std::sqrt(-2 * std::log(square) / square);
    kept_ = factor * x;
    return factor * y;
  }
  // Uniform in {0, ..., n - 1}, 0 < n < 2^31: what choice(n) and randint(n) give.
  std::uint32_t below(std::uint32_t n) {
    const std::uint32_t largest = n - 1, mask = std::bit_ceil(n) - 1;
    if (largest == 0) return 0;
    std::uint32_t value;
    do value = word() & mask;
    while (value > largest);
    return value;
  }
  // What permutation(n) gives.
  std::vector<std::int32_t> permutation(std::int32_t n) {
    std::vector<std::int32_t> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t i = order.size(); i-- > 1;) std::swap(order[i], order[below(static_cast<std::uint32_t>(i) + 1)]);
    return order;
  }

 private:
  std::uint32_t word() { return static_cast<std::uint32_t>(engine_()); }
  std::mt19937 engine_;
  std::optional<double> kept_;
};

}  // namespace gradus
