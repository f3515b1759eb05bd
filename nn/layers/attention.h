// Attention. Sequences are x[batch, time, width].
#pragma once

#include <span>

#include "nn/layer.h"

namespace gradus::nn {

// Self-attention with several heads (Vaswani et al. 2017): each head attends with a share of width / heads features;
// scores are divided by the square root of that number. Weights begin as glorot_uniform and biases at 0; PyTorch begins
// the output weight otherwise.
class MultiHeadAttention {
 public:
  struct Options {
    bool causal = false;  // a position sees itself and those before it
    double dropout = 0;   // of the attention weights, while training
  };
  MultiHeadAttention(std::int64_t width, std::int64_t heads) : MultiHeadAttention(width, heads, Options{}) {}
  MultiHeadAttention(std::int64_t width, std::int64_t heads, const Options& options);
  // "in_weight" [width, 3 width] for queries, keys and values, "in_bias" [3 width], "out_weight" [width, width],
  // "out_bias" [width]; tag of the biases: bias
  void declare(ParameterScope& scope);
  Var forward(Forward& f, const Var& x) const { return attend(f, x, nullptr); }
  // With a mask that is added to the scores [batch, heads, queries, keys], to which it broadcasts: 0 where a key is
  // seen, minus infinity where it is not. Every query must see a key.
  Var forward(Forward& f, const Var& x, const Var& mask) const { return attend(f, x, &mask); }

 private:
  Var attend(Forward& f, const Var& x, const Var* mask) const;

  std::int64_t width_, heads_;
  Options options_;
  ParameterId in_weight_{"MultiHeadAttention"}, in_bias_{"MultiHeadAttention"};
  ParameterId out_weight_{"MultiHeadAttention"}, out_bias_{"MultiHeadAttention"};
};

// The mask that hides, in each sequence of a batch, the keys from its length on: [batch, 1, 1, time] of 0 and minus
// infinity.
Tensor padding_mask(std::span<const std::int64_t> lengths, std::int64_t time, DType type);

}  // namespace gradus::nn
