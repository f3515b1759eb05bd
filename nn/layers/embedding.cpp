#include "nn/layers/embedding.h"

#include <fmt/format.h>

#include "autodiff/operations/indexing.h"

namespace gradus::nn {

Embedding::Embedding(std::int64_t count, std::int64_t width, Initializer weight)
    : count_(count), width_(width), weight_initializer_(std::move(weight)) {
  if (count < 1 || width < 1)
    throw std::invalid_argument(fmt::format("Embedding: [{}, {}], expected at least 1 of each", count, width));
}

void Embedding::declare(ParameterScope& scope) {
  scope.declare(weight_, "weight", {count_, width_}, weight_initializer_);
}

Var Embedding::forward(Forward& f, const Var& tokens) const { return gather(f[weight_], tokens); }

}  // namespace gradus::nn
