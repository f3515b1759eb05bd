// Layers around layers.
#pragma once

#include "nn/layers.h"

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

// Applies a layer of [batch, features] to each position of x[.., features]. The parameters keep the inner layer's
// names.
class PerPosition {
 public:
  explicit PerPosition(Layer inner) : inner_(std::move(inner)) {}
  void declare(ParameterScope& scope) { inner_.declare(scope); }
  Var forward(Forward& f, const Var& x) const;

 private:
  Layer inner_;
};

}  // namespace gradus::nn
