// A layer that keeps nothing of its inside for the derivative.
#pragma once

#include "nn/layer.h"

namespace gradus::nn {

// The inner layer, run again for each derivative instead of remembered (autodiff/checkpoint.h): memory for time. Gives
// the same numbers; random layers inside draw the same again, and running statistics are updated once. At most 63
// parameters inside.
class Checkpointed {
 public:
  explicit Checkpointed(Layer inner) : inner_(std::move(inner)) {}
  void declare(ParameterScope& scope);  // the inner layer's names
  Var forward(Forward& f, const Var& x) const;

 private:
  Layer inner_;
  ParameterRange inside_{"Checkpointed"};
};

}  // namespace gradus::nn
