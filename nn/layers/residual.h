// Layers that add their input to what they make of it.
#pragma once

#include "nn/sequential.h"

namespace gradus::nn {

// y = x + inner(x); He et al. (2016). The parameters keep the inner layer's names.
class Residual {
 public:
  explicit Residual(Layer inner) : inner_(std::move(inner)) {}
  void declare(ParameterScope& scope) { inner_.declare(scope); }
  Var forward(Forward& f, const Var& x) const;

 private:
  Layer inner_;
};

// Two 3x3 convolutions with normalisation, and the input added; 1x1 where the shape changes. Images are [batch, height,
// width, channels]. He et al. (2016), the basic block.
class ResidualBlock {
 public:
  enum class Norm { batch, group, none };
  ResidualBlock(std::int64_t in, std::int64_t out, std::int64_t stride, Norm norm);
  void declare(ParameterScope& scope);  // the parts "main" and, where the shape changes, "shortcut"
  Var forward(Forward& f, const Var& x) const;

  // The normalisation of such a network: none for Norm::none, groups of an eighth of the channels where that divides
  // them.
  static std::vector<Layer> normalization(std::int64_t channels, Norm norm);

 private:
  Sequential main_, shortcut_;
  bool changes_shape_;
};

}  // namespace gradus::nn
