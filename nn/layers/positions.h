// What tells the steps of a sequence x[batch, time, width] apart.
#pragma once

#include "nn/layer.h"

namespace gradus::nn {

// Adds to x[batch, time, width] the sines and cosines of its position t, of wavelengths from 2 pi to 10000 2 pi
// (Vaswani et al. 2017, section 3.5): sin(t / 10000^(i / width)) for even features i, the cosine of the same angle for
// i + 1.
class SinusoidalPositions {
 public:
  SinusoidalPositions(std::int64_t max_time, std::int64_t width);
  void declare(ParameterScope&) {}
  Var forward(Forward& f, const Var& x) const;

 private:
  Tensor narrow_, wide_;  // [max_time, width] in float32 and float64
};

// Adds to x[batch, time, width] a trained vector for each position, time <= max_time. They begin normal with deviation
// 0.02 (Radford et al. 2018), unless told otherwise.
class LearnedPositions {
 public:
  LearnedPositions(std::int64_t max_time, std::int64_t width, Initializer weight = normal(0.02));
  void declare(ParameterScope& scope);  // "weight" [max_time, width]
  Var forward(Forward& f, const Var& x) const;

 private:
  std::int64_t max_time_, width_;
  Initializer weight_initializer_;
  ParameterId weight_{"LearnedPositions"};
};

}  // namespace gradus::nn
