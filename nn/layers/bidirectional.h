// Recurrent layers that read a sequence from both ends.
#pragma once

#include "nn/layer.h"

namespace gradus::nn {

// x[time, batch, in] -> [time, batch, features of both]: at each time what `forward` makes of the steps up to it, and
// beside it what `backward` makes of those from the end down to it. Schuster & Paliwal (1997).
class Bidirectional {
 public:
  Bidirectional(Layer forward, Layer backward) : forward_(std::move(forward)), backward_(std::move(backward)) {}
  void declare(ParameterScope& scope);  // the parts "forward" and "backward"
  Var forward(Forward& f, const Var& x) const;

 private:
  Layer forward_, backward_;
};

}  // namespace gradus::nn
