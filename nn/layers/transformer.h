// The block of a transformer. Sequences are x[batch, time, width].
#pragma once

#include "nn/layers/activations.h"
#include "nn/layers/attention.h"
#include "nn/layers/dropout.h"
#include "nn/layers/normalization.h"
#include "nn/sequential.h"

namespace gradus::nn {

// A decoder block with the normalisation first (Xiong et al. 2020): x + attention(norm(x)), then x + network(norm(x))
// with a network width -> hidden -> width at each position. While training, dropout acts on the attention weights and
// on both branches before they are added.
class TransformerBlock {
 public:
  struct Options {
    std::int64_t hidden = 0;  // 0: four times the width
    bool causal = true;
    double dropout = 0;
    Layer activation = Relu{};  // of the network
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
