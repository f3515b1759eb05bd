#include "experiments/problems/rotation.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "autodiff/tensor/random.h"

namespace gradus::problems {

std::vector<double> quadratic_spectrum(const Request& request) {
  for (const double value : request.eigenvalues)
    if (!std::isfinite(value) || value < 0)
      throw std::invalid_argument(fmt::format("quadratic: eigenvalue {}, expected finite ones >= 0", value));
  if (!(request.condition >= 1) || !std::isfinite(request.condition))
    throw std::invalid_argument(
        fmt::format("quadratic: condition {}, expected a finite number >= 1", request.condition));
  if (!request.eigenvalues.empty()) return request.eigenvalues;
  std::vector<double> values;
  for (std::int64_t i = 0; i < request.dimension; ++i) {
    const double share =
        request.dimension == 1 ? 1 : static_cast<double>(i) / static_cast<double>(request.dimension - 1);
    values.push_back(std::pow(request.condition, share - 1));
  }
  return values;
}

Tensor random_rotation(std::int64_t n, std::uint64_t seed) {
  RandomStream random(seed, "rotation");
  const Tensor result = Tensor::zeros({n, n}, DType::float64);
  double* q = result.data<double>();
  for (std::int64_t i = 0; i < n; ++i) q[i * n + i] = 1;
  // Columns k, ..., n - 1 of what there is are reflected so that the first axis of that subspace goes to a random
  // direction.
  std::vector<double> v(static_cast<std::size_t>(n));
  for (std::int64_t k = n - 1; k-- > 0;) {
    double norm = 0;
    for (std::int64_t i = k; i < n; ++i) {
      const auto at = static_cast<std::size_t>(i);
      v[at] = random.normal();
      norm += v[at] * v[at];
    }
    norm = std::sqrt(norm);
    const auto first = static_cast<std::size_t>(k);
    const double sign = v[first] < 0 ? -1 : 1;
    v[first] += sign * norm;
    const double square = 2 * norm * (norm + std::abs(v[first] - sign * norm));
    for (std::int64_t row = 0; row < n; ++row) {
      double product = 0;
      for (std::int64_t i = k; i < n; ++i) product += q[row * n + i] * v[static_cast<std::size_t>(i)];
      product *= 2 / square;
      for (std::int64_t i = k; i < n; ++i) q[row * n + i] -= product * v[static_cast<std::size_t>(i)];
    }
    // The reflection sends the first axis to -sign times the random direction.
    for (std::int64_t row = 0; row < n; ++row) q[row * n + k] *= -sign;
  }
  return result;
}

}  // namespace gradus::problems
