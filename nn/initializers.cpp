#include "nn/initializers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

namespace gradus::nn {
namespace {

struct Fans {
  double in, out;
};

Fans fans(const std::string& name, const Tensor& parameter) {
  const Shape& shape = parameter.shape();
  const int rank = shape.rank();
  if (rank < 2)
    throw std::invalid_argument(fmt::format("{}: {}, expected a weight [.., in, out]", name, shape.to_string()));
  const auto places = static_cast<double>(shape.size(0, rank - 2));
  return {places * static_cast<double>(shape[rank - 2]), places * static_cast<double>(shape[rank - 1])};
}

template <class Draw>
void fill(const Tensor& parameter, const Draw& draw) {
  for (std::int64_t i = 0; i < parameter.size(); ++i) parameter.set(i, draw());
}

// Uniform or normal with a variance that depends on the fans.
Initializer scaled(std::string name, bool is_normal, double (*variance)(const Fans&)) {
  return {name, [=](const Tensor& parameter, RandomStream& random) {
            const double deviation = std::sqrt(variance(fans(name, parameter))), limit = deviation * std::sqrt(3.0);
            fill(parameter, [&] { return is_normal ? deviation * random.normal() : random.uniform(-limit, limit); });
          }};
}

double glorot(const Fans& f) { return 2 / (f.in + f.out); }
double he(const Fans& f) { return 2 / f.in; }
double lecun(const Fans& f) { return 1 / f.in; }

// Gram-Schmidt, twice, on the rows of a [rows, columns] matrix of normal numbers, rows <= columns.
std::vector<double> orthonormal_rows(std::int64_t rows, std::int64_t columns, RandomStream& random) {
  std::vector<double> q(static_cast<std::size_t>(rows * columns));
  for (double& x : q) x = random.normal();
  const auto row = [&](std::int64_t r) { return q.data() + r * columns; };
  const auto dot = [&](const double* a, const double* b) {
    double total = 0;
    for (std::int64_t k = 0; k < columns; ++k) total += a[k] * b[k];
    return total;
  };
  for (std::int64_t r = 0; r < rows; ++r) {
    for (int pass = 0; pass < 2; ++pass)
      for (std::int64_t other = 0; other < r; ++other) {
        const double projection = dot(row(r), row(other));
        for (std::int64_t k = 0; k < columns; ++k) row(r)[k] -= projection * row(other)[k];
      }
    const double norm = std::sqrt(dot(row(r), row(r)));
    for (std::int64_t k = 0; k < columns; ++k) row(r)[k] /= norm;
  }
  return q;
}

}  // namespace

Initializer zeros() { return constant(0); }
Initializer constant(double value) {
  return {value == 0 ? "zeros" : "constant", [=](const Tensor& parameter, RandomStream&) { parameter.fill(value); }};
}
Initializer uniform(double low, double high) {
  return {"uniform",
          [=](const Tensor& p, RandomStream& random) { fill(p, [&] { return random.uniform(low, high); }); }};
}
Initializer normal(double standard_deviation, double mean) {
  return {"normal", [=](const Tensor& p, RandomStream& random) {
            fill(p, [&] { return mean + standard_deviation * random.normal(); });
          }};
}
Initializer glorot_uniform() { return scaled("glorot_uniform", false, glorot); }
Initializer glorot_normal() { return scaled("glorot_normal", true, glorot); }
Initializer he_uniform() { return scaled("he_uniform", false, he); }
Initializer he_normal() { return scaled("he_normal", true, he); }
Initializer lecun_uniform() { return scaled("lecun_uniform", false, lecun); }
Initializer lecun_normal() { return scaled("lecun_normal", true, lecun); }

Initializer orthogonal(double gain) {
  return {"orthogonal", [=](const Tensor& parameter, RandomStream& random) {
            fans("orthogonal", parameter);
            // A convolution's weight counts as the matrix [height * width * in, out].
            const std::int64_t out = parameter.shape()[parameter.shape().rank() - 1], in = parameter.size() / out;
            const bool wide = in <= out;
            const std::vector<double> q = wide ? orthonormal_rows(in, out, random) : orthonormal_rows(out, in, random);
            for (std::int64_t i = 0; i < in; ++i)
              for (std::int64_t o = 0; o < out; ++o)
                parameter.set(i * out + o, gain * q[static_cast<std::size_t>(wide ? i * out + o : o * in + i)]);
          }};
}

Initializer sparse(int connections) {
  if (connections < 1)
    throw std::invalid_argument(fmt::format("sparse: {} connections, expected at least 1", connections));
  return {"sparse", [=](const Tensor& parameter, RandomStream& random) {
            fans("sparse", parameter);
            const std::int64_t out = parameter.shape()[parameter.shape().rank() - 1], in = parameter.size() / out;
            parameter.fill(0);
            std::vector<std::int64_t> inputs(static_cast<std::size_t>(in));
            std::iota(inputs.begin(), inputs.end(), 0);
            for (std::int64_t o = 0; o < out; ++o)
              for (std::int64_t k = 0; k < std::min<std::int64_t>(connections, in); ++k) {
                const std::int64_t other =
                    k + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(in - k)));
                std::swap(inputs[static_cast<std::size_t>(k)], inputs[static_cast<std::size_t>(other)]);
                parameter.set(inputs[static_cast<std::size_t>(k)] * out + o, random.normal());
              }
          }};
}

}  // namespace gradus::nn
