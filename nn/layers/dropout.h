// Noise against overfitting.
#pragma once

#include "nn/layer.h"

namespace gradus::nn {

// Drops activations with a probability in [0, 1) while training, and divides the others by 1 - probability; the
// identity while evaluating. Srivastava et al. (2014).
class Dropout {
 public:
  explicit Dropout(double probability);
  void declare(ParameterScope&) {}
  Var forward(Forward& f, const Var& x) const;
  Var forward(Forward& f, Var&& x) const;

 private:
  bool drops(const Forward& f) const { return f.training() && probability_ > 0; }
  double probability_;
};

}  // namespace gradus::nn
