#include "nn/layers/positions.h"

#include <fmt/format.h>

#include <cmath>

#include "autodiff/operations/arithmetic.h"
#include "autodiff/operations/shaping.h"

namespace gradus::nn {
namespace {

void require_sizes(const char* layer, std::int64_t max_time, std::int64_t width) {
  if (max_time < 1 || width < 1)
    throw std::invalid_argument(fmt::format("{}: [{}, {}], expected at least 1 of each", layer, max_time, width));
}

void require_sequence(const char* layer, const Shape& x, std::int64_t max_time, std::int64_t width) {
  if (x.rank() != 3 || x[1] > max_time || x[2] != width)
    throw std::invalid_argument(
        fmt::format("{}: {}, expected [batch, at most {} steps, {}]", layer, x.to_string(), max_time, width));
}

}  // namespace

SinusoidalPositions::SinusoidalPositions(std::int64_t max_time, std::int64_t width) {
  require_sizes("SinusoidalPositions", max_time, width);
  wide_ = Tensor::uninitialized({max_time, width}, DType::float64);
  for (std::int64_t t = 0; t < max_time; ++t)
    for (std::int64_t i = 0; i < width; ++i) {
      const double angle =
          static_cast<double>(t) / std::pow(10000, static_cast<double>(i - i % 2) / static_cast<double>(width));
      wide_.set(t * width + i, i % 2 == 0 ? std::sin(angle) : std::cos(angle));
    }
  narrow_ = wide_.converted(DType::float32);
}

Var SinusoidalPositions::forward(Forward&, const Var& x) const {
  require_sequence("SinusoidalPositions", x.shape(), wide_.shape()[0], wide_.shape()[1]);
  const Tensor& table = x.tape().dtype() == DType::float64 ? wide_ : narrow_;
  return x + x.tape().leaf(table.rows(0, x.shape()[1]));
}

LearnedPositions::LearnedPositions(std::int64_t max_time, std::int64_t width, Initializer weight)
    : max_time_(max_time), width_(width), weight_initializer_(std::move(weight)) {
  require_sizes("LearnedPositions", max_time, width);
}

void LearnedPositions::declare(ParameterScope& scope) {
  scope.declare(weight_, "weight", {max_time_, width_}, weight_initializer_);
}

Var LearnedPositions::forward(Forward& f, const Var& x) const {
  require_sequence("LearnedPositions", x.shape(), max_time_, width_);
  return x + part(f[weight_], 0, {x.shape()[1], width_});
}

}  // namespace gradus::nn
