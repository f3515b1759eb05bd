// A layer of rows at each position of a sequence or an image.
#pragma once

#include "nn/layer.h"

namespace gradus::nn {

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
