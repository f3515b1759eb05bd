// The dense layer.
#pragma once

#include "nn/layer.h"

namespace gradus::nn {

// x[batch, in] -> y[batch, out] = x W + b
class Linear {
 public:
  Linear(std::int64_t in, std::int64_t out, Initializer weight = glorot_uniform(), Initializer bias = zeros());
  void declare(ParameterScope& scope);  // "weight" [in, out], "bias" [out] (tag: bias)
  Var forward(Forward& f, const Var& x) const;

 private:
  std::int64_t in_, out_;
  Initializer weight_initializer_, bias_initializer_;
  ParameterId weight_{"Linear"}, bias_{"Linear"};
};

}  // namespace gradus::nn
