// One layer after the other.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "nn/layer.h"

namespace gradus::nn {

// The layers' parameters are named "0.weight", "0.bias", "2.weight", ..., and their outputs are shown to an observer as
// "0 Linear", "1 Activation", "2 Linear". What a layer gives is the next one's own, which may write over it: a layer
// that wants to look at its result later must protect() it. What a layer refuses is said with its place: "in layer 2
// (Linear): affine: ...".
class Sequential {
 public:
  Sequential(std::initializer_list<Layer> layers) : Sequential(std::vector<Layer>(layers)) {}
  explicit Sequential(std::vector<Layer> layers);
  void declare(ParameterScope& scope);
  Var forward(Forward& f, const Var& x) const;
  Var forward(Forward& f, Var&& x) const;

 private:
  std::vector<Layer> layers_;
  std::vector<std::string> names_;
};

}  // namespace gradus::nn
