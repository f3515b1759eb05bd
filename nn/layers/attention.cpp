#include "nn/layers/attention.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "autodiff/operations.h"

namespace gradus::nn {

MultiHeadAttention::MultiHeadAttention(std::int64_t width, std::int64_t heads, const Options& options)
    : width_(width), heads_(heads), options_(options) {
  if (width < 1 || heads < 1 || width % heads != 0)
    throw std::invalid_argument(
        fmt::format("MultiHeadAttention: width {} for {} heads, expected a multiple", width, heads));
  if (!(options.dropout >= 0 && options.dropout < 1))
    throw std::invalid_argument(fmt::format("MultiHeadAttention: dropout {}, expected 0 <= p < 1", options.dropout));
}

void MultiHeadAttention::declare(ParameterScope& scope) {
  scope.declare(in_weight_, "in_weight", {width_, 3 * width_}, glorot_uniform());
  scope.declare(in_bias_, "in_bias", {3 * width_}, zeros(), {"bias"});
  scope.declare(out_weight_, "out_weight", {width_, width_}, glorot_uniform());
  scope.declare(out_bias_, "out_bias", {width_}, zeros(), {"bias"});
}

Var MultiHeadAttention::attend(Forward& f, const Var& x, const Var* mask) const {
  const Shape shape = x.shape();
  if (shape.rank() != 3 || shape[2] != width_)
    throw std::invalid_argument(
        fmt::format("MultiHeadAttention: {}, expected [batch, time, {}]", shape.to_string(), width_));
  const std::int64_t batch = shape[0], time = shape[1], share = width_ / heads_;
  const double factor = 1 / std::sqrt(static_cast<double>(share));
  const Var in = affine(reshape(x, {batch * time, width_}), f[in_weight_], f[in_bias_]);
  const bool drops = f.training() && options_.dropout > 0;
  Var seen;
  if (!mask && !drops) {
    seen = attention(reshape(in, {batch, time, 3 * width_}), heads_, factor, options_.causal);
  } else {
    const Shape one{batch, heads_, time, share};
    const Var all = permute(reshape(in, {batch, time, 3, heads_, share}), {2, 0, 3, 1, 4});
    const Var queries = part(all, 0, one), keys = part(all, one.size(), one), values = part(all, 2 * one.size(), one);
    const Var scores = batch_matmul(queries, keys, false, true);
    Var weights = mask ? attention_weights(scale(scores, factor) + *mask, 1, options_.causal)
                       : attention_weights(scores, factor, options_.causal);
    if (drops) weights = dropout(weights, options_.dropout, f.random_key());
    seen = permute(batch_matmul(weights, values), {0, 2, 1, 3});
  }
  return reshape(affine(reshape(seen, {batch * time, width_}), f[out_weight_], f[out_bias_]), shape);
}

Tensor padding_mask(std::span<const std::int64_t> lengths, std::int64_t time, DType type) {
  const auto batch = static_cast<std::int64_t>(lengths.size());
  const Tensor mask = Tensor::zeros({batch, 1, 1, time}, type);
  for (std::int64_t b = 0; b < batch; ++b) {
    const std::int64_t length = lengths[static_cast<std::size_t>(b)];
    if (length < 1 || length > time)
      throw std::invalid_argument(
          fmt::format("padding_mask: length {} of sequence {}, expected 1 to {}", length, b, time));
    for (std::int64_t t = length; t < time; ++t) mask.set(b * time + t, -std::numeric_limits<double>::infinity());
  }
  return mask;
}

}  // namespace gradus::nn
