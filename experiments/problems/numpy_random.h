// The numbers that numpy.random.RandomState draws, for published problems that are defined by them. NumPy has frozen
// these streams: a Mersenne twister with 53 uniform bits of two words, and normals by Marsaglia's polar method.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <random>

namespace gradus::problems {

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

 private:
  std::uint32_t word() { return static_cast<std::uint32_t>(engine_()); }
  std::mt19937 engine_;
  std::optional<double> kept_;
};

}  // namespace gradus::problems
