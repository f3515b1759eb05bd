#include "nn/layers/residual.h"

#include <fmt/format.h>

#include "autodiff/operations/activations.h"
#include "autodiff/operations/arithmetic.h"
#include "nn/layers/activations.h"
#include "nn/layers/convolution.h"
#include "nn/layers/normalization.h"

namespace gradus::nn {
namespace {

Conv2d convolution(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride) {
  return {in, out, {kernel, kernel}, {.stride = {stride, stride}, .padding = same_padding()}};
}

void append(std::vector<Layer>& layers, const std::vector<Layer>& more) {
  layers.insert(layers.end(), more.begin(), more.end());
}

}  // namespace

Var Residual::forward(Forward& f, const Var& x) const {
  const Var y = inner_.forward(f, x);
  if (y.shape() != x.shape())
    throw std::invalid_argument(fmt::format("Residual: the inner layer makes {} of {}, expected the same shape",
                                            y.shape().to_string(), x.shape().to_string()));
  return x + y;
}

std::vector<Layer> ResidualBlock::normalization(std::int64_t channels, Norm norm) {
  switch (norm) {
    case Norm::batch:
      return {BatchNorm{channels, {.channel_axis = -1}}};
    case Norm::group:
      return {GroupNorm{channels % 8 == 0 ? 8 : 1, channels}};
    case Norm::none:
      break;
  }
  return {};
}

ResidualBlock::ResidualBlock(std::int64_t in, std::int64_t out, std::int64_t stride, Norm norm)
    : main_({}), shortcut_({}), changes_shape_(in != out || stride != 1) {
  std::vector<Layer> main{convolution(in, out, 3, stride)};
  append(main, normalization(out, norm));
  append(main, {Relu{}, convolution(out, out, 3, 1)});
  append(main, normalization(out, norm));
  main_ = Sequential(std::move(main));
  if (!changes_shape_) return;
  std::vector<Layer> shortcut{convolution(in, out, 1, stride)};
  append(shortcut, normalization(out, norm));
  shortcut_ = Sequential(std::move(shortcut));
}

void ResidualBlock::declare(ParameterScope& scope) {
  scope.declare_part("main", main_);
  scope.declare_part("shortcut", shortcut_);
}

Var ResidualBlock::forward(Forward& f, const Var& x) const {
  return relu(last_use(add(last_use(main_.forward(f, x)), changes_shape_ ? shortcut_.forward(f, x) : x)));
}

}  // namespace gradus::nn
