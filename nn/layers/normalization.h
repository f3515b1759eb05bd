// Layers that normalise what passes through them. Epsilon is added to the variance, 1e-5 unless told otherwise, and
// weights begin at 1 and biases at 0, as in PyTorch. Parameters are tagged "norm".
#pragma once

#include "nn/layer.h"

namespace gradus::nn {

// Over the features of each example: x[.., features]. Ba, Kiros & Hinton (2016).
class LayerNorm {
 public:
  explicit LayerNorm(std::int64_t features, double epsilon = 1e-5);
  void declare(ParameterScope& scope);  // "weight" [features] (tag: norm), "bias" [features] (tags: norm, bias)
  Var forward(Forward& f, const Var& x) const;

 private:
  std::int64_t features_;
  double epsilon_;
  ParameterId weight_{"LayerNorm"}, bias_{"LayerNorm"};
};

// Over all axes but one, for each channel. Ioffe & Szegedy (2015). Channels lie along the last axis, as in [batch,
// features] and images [batch, height, width, channels], unless told otherwise (PyTorch: axis 1). While training, with
// the statistics of the batch; they are also averaged into the running ones, by which the layer normalises while
// evaluating:  running = (1 - momentum) running + momentum batch, the variance unbiased there, as in PyTorch (Keras
// counts its momentum the other way round).
class BatchNorm {
 public:
  struct Options {
    double momentum = 0.1, epsilon = 1e-5;
    int channel_axis = -1;  // negative: from the end
  };
  explicit BatchNorm(std::int64_t channels) : BatchNorm(channels, Options{}) {}
  BatchNorm(std::int64_t channels, const Options& options);
  // "weight" and "bias" [channels] as above; the buffers "running_mean" and "running_variance" [channels], which begin
  // at 0 and 1
  void declare(ParameterScope& scope);
  // Throws if it evaluates without buffers, or trains on a single value per channel.
  Var forward(Forward& f, const Var& x) const;

 private:
  void update(Forward& f, const Tensor& moments, double count) const;

  std::int64_t channels_;
  Options options_;
  ParameterId weight_{"BatchNorm"}, bias_{"BatchNorm"};
  BufferId running_mean_{"BatchNorm"}, running_variance_{"BatchNorm"};
};

// Over groups of neighbouring channels of each example; weight and bias per channel. Wu & He (2018). Channels lie along
// the last axis unless told otherwise (PyTorch: axis 1).
class GroupNorm {
 public:
  struct Options {
    double epsilon = 1e-5;
    int channel_axis = -1;  // not 0, which is the batch
  };
  GroupNorm(std::int64_t groups, std::int64_t channels) : GroupNorm(groups, channels, Options{}) {}
  GroupNorm(std::int64_t groups, std::int64_t channels, const Options& options);
  void declare(ParameterScope& scope);  // "weight" [channels] (tag: norm), "bias" [channels] (tags: norm, bias)
  Var forward(Forward& f, const Var& x) const;

 private:
  std::int64_t groups_, channels_;
  Options options_;
  ParameterId weight_{"GroupNorm"}, bias_{"GroupNorm"};
};

}  // namespace gradus::nn
