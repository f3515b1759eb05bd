// Between rows of features and shaped examples.
#pragma once

#include "nn/layer.h"

namespace gradus::nn {

// x[batch, ...] -> [batch, product of the rest]
struct Flatten {
  void declare(ParameterScope&) {}
  Var forward(Forward&, const Var& x) const;
};

// x[batch, product of the extents] -> [batch, extents...], such as rows of pixels -> images [height, width, channels]
class Unflatten {
 public:
  explicit Unflatten(const Shape& extents) : extents_(extents) {}
  void declare(ParameterScope&) {}
  Var forward(Forward&, const Var& x) const;

 private:
  Shape extents_;
};

}  // namespace gradus::nn
