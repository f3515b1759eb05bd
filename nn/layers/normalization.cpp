#include "nn/layers/normalization.h"

#include <fmt/format.h>

#include "autodiff/operations.h"

namespace gradus::nn {
namespace {

void require_epsilon(const char* layer, double epsilon) {
  if (!(epsilon >= 0)) throw std::invalid_argument(fmt::format("{}: epsilon {}, expected >= 0", layer, epsilon));
}

// The axis of the channels, counted from the start; throws unless it is there and has their extent.
int channel_axis_of(const char* layer, const Shape& x, std::int64_t channels, int axis) {
  const int from_start = axis < 0 ? axis + x.rank() : axis;
  if (from_start < 0 || from_start >= x.rank() || x[from_start] != channels)
    throw std::invalid_argument(
        fmt::format("{}: {}, expected {} channels along axis {}", layer, x.to_string(), channels, axis));
  return from_start;
}

}  // namespace

LayerNorm::LayerNorm(std::int64_t features, double epsilon) : features_(features), epsilon_(epsilon) {
  if (features < 1) throw std::invalid_argument(fmt::format("LayerNorm: {} features, expected at least 1", features));
  require_epsilon("LayerNorm", epsilon);
}

void LayerNorm::declare(ParameterScope& scope) {
  scope.declare(weight_, "weight", {features_}, constant(1), {"norm"});
  scope.declare(bias_, "bias", {features_}, zeros(), {"norm", "bias"});
}

Var LayerNorm::forward(Forward& f, const Var& x) const { return layer_norm(x, f[weight_], f[bias_], epsilon_); }

BatchNorm::BatchNorm(std::int64_t channels, const Options& options) : channels_(channels), options_(options) {
  if (channels < 1) throw std::invalid_argument(fmt::format("BatchNorm: {} channels, expected at least 1", channels));
  if (!(options.momentum >= 0 && options.momentum <= 1))
    throw std::invalid_argument(fmt::format("BatchNorm: momentum {}, expected 0 to 1", options.momentum));
  require_epsilon("BatchNorm", options.epsilon);
}

void BatchNorm::declare(ParameterScope& scope) {
  scope.declare(weight_, "weight", {channels_}, constant(1), {"norm"});
  scope.declare(bias_, "bias", {channels_}, zeros(), {"norm", "bias"});
  scope.declare_buffer(running_mean_, "running_mean", {channels_}, 0);
  scope.declare_buffer(running_variance_, "running_variance", {channels_}, 1);
}

Var BatchNorm::forward(Forward& f, const Var& x) const {
  const int axis = channel_axis_of("BatchNorm", x.shape(), channels_, options_.channel_axis);
  Var mean, variance;
  if (f.training()) {
    const std::int64_t count = x.shape().size() / channels_;
    if (count < 2)
      throw std::invalid_argument(fmt::format(
          "BatchNorm: {} has {} values per channel, expected at least 2 while training", x.shape().to_string(), count));
    const Var moments = channel_moments(x, axis);
    mean = part(moments, 0, {channels_});
    variance = part(moments, channels_, {channels_});
    if (f.has_buffers()) update(f, moments.value(), static_cast<double>(count));
  } else {
    mean = x.tape().leaf(f.buffer(running_mean_));
    variance = x.tape().leaf(f.buffer(running_variance_));
  }
  return channel_affine(x, mean, f[weight_] / sqrt(variance + options_.epsilon), f[bias_], axis);
}

void BatchNorm::update(Forward& f, const Tensor& moments, double count) const {
  const auto average = [&](const Tensor& running, const Tensor& batch, double factor) {
    for (std::int64_t c = 0; c < channels_; ++c)
      running.set(c, (1 - options_.momentum) * running.at(c) + options_.momentum * factor * batch.at(c));
  };
  average(f.buffer(running_mean_), moments.part(0, {channels_}), 1);
  average(f.buffer(running_variance_), moments.part(channels_, {channels_}), count / (count - 1));
}

GroupNorm::GroupNorm(std::int64_t groups, std::int64_t channels, const Options& options)
    : groups_(groups), channels_(channels), options_(options) {
  if (groups < 1 || channels < 1 || channels % groups != 0)
    throw std::invalid_argument(
        fmt::format("GroupNorm: {} groups of {} channels, expected groups that divide the channels", groups, channels));
  require_epsilon("GroupNorm", options.epsilon);
}

void GroupNorm::declare(ParameterScope& scope) {
  scope.declare(weight_, "weight", {channels_}, constant(1), {"norm"});
  scope.declare(bias_, "bias", {channels_}, zeros(), {"norm", "bias"});
}

Var GroupNorm::forward(Forward& f, const Var& x) const {
  const Shape shape = x.shape();
  const int axis = channel_axis_of("GroupNorm", shape, channels_, options_.channel_axis);
  if (axis == 0)
    throw std::invalid_argument(fmt::format("GroupNorm: {} has no batch before its channels", shape.to_string()));
  // [batch, before, groups, rest]: a group is made of the axes `before` and `rest`, which a copy brings together if it
  // must.
  const std::int64_t before = shape.size(1, axis), rest = shape.size(axis, shape.rank()) / groups_;
  const Shape split{shape[0], before, groups_, rest}, rows{shape[0], groups_, before * rest};
  Var y = reshape(x, before == 1 ? rows : split);
  if (before > 1) y = reshape(permute(y, {0, 2, 1, 3}), rows);
  y = standardize(y, options_.epsilon);
  if (before > 1) y = permute(reshape(y, {shape[0], groups_, before, rest}), {0, 2, 1, 3});
  const Var zero = broadcast_to(x.tape().scalar(0), {channels_});
  return channel_affine(reshape(y, shape), zero, f[weight_], f[bias_], axis);
}

}  // namespace gradus::nn
