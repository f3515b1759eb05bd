#include "nn/layers/transformer.h"

#include "autodiff/operations/arithmetic.h"
#include "autodiff/operations/shaping.h"
#include "nn/layers/multilayer_perceptron.h"

namespace gradus::nn {

TransformerBlock::TransformerBlock(std::int64_t width, std::int64_t heads, const Options& options)
    : attention_norm_(width),
      network_norm_(width),
      attention_(width, heads, {options.causal, options.dropout}),
      network_(multilayer_perceptron({width, options.hidden == 0 ? 4 * width : options.hidden, width},
                                     {.activation = options.activation})),
      dropout_(options.dropout) {}

void TransformerBlock::declare(ParameterScope& scope) {
  scope.declare_part("attention_norm", attention_norm_);
  scope.declare_part("attention", attention_);
  scope.declare_part("network_norm", network_norm_);
  scope.declare_part("network", network_);
}

Var TransformerBlock::forward(Forward& f, const Var& x) const {
  const Shape shape = x.shape();
  const Var y = add(x, last_use(dropout_.forward(f, attention_.forward(f, attention_norm_.forward(f, x)))));
  const Var rows = reshape(network_norm_.forward(f, y), {shape[0] * shape[1], shape[2]});
  return add(y, last_use(dropout_.forward(f, reshape(network_.forward(f, rows), shape))));
}

}  // namespace gradus::nn
