// Tokens as vectors.
#pragma once

#include "nn/layer.h"

namespace gradus::nn {

// tokens[..] of int32 in [0, count) -> [.., width]: a trained vector for each token. They begin as standard normal
// numbers, as in PyTorch, unless told otherwise.
class Embedding {
 public:
  Embedding(std::int64_t count, std::int64_t width, Initializer weight = normal(1));
  void declare(ParameterScope& scope);  // "weight" [count, width]
  Var forward(Forward& f, const Var& tokens) const;

 private:
  std::int64_t count_, width_;
  Initializer weight_initializer_;
  ParameterId weight_{"Embedding"};
};

}  // namespace gradus::nn
