// Attention, and the block of a transformer. Sequences are x[batch, time, width].
#pragma once

#include "nn/layers/normalization.h"

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

// A decoder block with the normalisation first (Xiong et al. 2020): x + attention(norm(x)), then x + network(norm(x))
// with a network width -> hidden -> width at each position. While training, dropout acts on the attention weights and
// on both branches before they are added.
class TransformerBlock {
 public:
  struct Options {
    std::int64_t hidden = 0;  // 0: four times the width
    bool causal = true;
    double dropout = 0;
    std::string activation = "relu";  // of the network, by the names of multilayer_perceptron
  };
  TransformerBlock(std::int64_t width, std::int64_t heads) : TransformerBlock(width, heads, Options{}) {}
  TransformerBlock(std::int64_t width, std::int64_t heads, const Options& options);
  void declare(ParameterScope& scope);  // the parts "attention_norm", "attention", "network_norm", "network"
  Var forward(Forward& f, const Var& x) const;

 private:
  LayerNorm attention_norm_, network_norm_;
  MultiHeadAttention attention_;
  Sequential network_;
  Dropout dropout_;
};

}  // namespace gradus::nn
