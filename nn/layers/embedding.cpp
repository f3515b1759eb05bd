#include "nn/layers/embedding.h"

#include <cmath>
#include <string>

namespace gradus::nn {
namespace {

void require_sizes(const char* layer, std::int64_t count, std::int64_t width) {
  if (count < 1 || width < 1)
    throw std::invalid_argument(std::string(layer) + ": [" + std::to_string(count) + ", " + std::to_string(width) +
                                "], expected at least 1 of each");
}

void require_sequence(const char* layer, const Shape& x, std::int64_t max_time, std::int64_t width) {
  if (x.rank() != 3 || x[1] > max_time || x[2] != width)
    throw std::invalid_argument(std::string(layer) + ": " + x.to_string() + ", expected [batch, at most " +
                                std::to_string(max_time) + " steps, " + std::to_string(width) + "]");
}

}  // namespace

Embedding::Embedding(std::int64_t count, std::int64_t width, Initializer weight)
    : count_(count), width_(width), weight_initializer_(std::move(weight)) {
  require_sizes("Embedding", count, width);
}

void Embedding::declare(ParameterScope& scope) {
  scope.declare(weight_, "weight", {count_, width_}, weight_initializer_);
}

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
