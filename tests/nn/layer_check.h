// What the tests of layers share.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "autodiff/gradcheck.h"
#include "autodiff/gradient.h"
#include "autodiff/operations.h"
#include "nn/layers.h"
#include "tests/support/tensors.h"
#include "tests/support/throws.h"

namespace gradus::nn {

// A layer with its parameters, at random values so that none is special.
template <class L>
struct Declared {
  L layer;
  ParameterSet set;
  Tensor theta;
  std::vector<Tensor> views, buffers;

  explicit Declared(L value, DType type = DType::float64) : layer(std::move(value)) {
    ParameterScope scope(set);
    layer.declare(scope);
    theta = random_tensor({set.size()}, 5, type);
    views = set.views(theta);
    buffers = set.initial_buffers(type);
  }
  const Tensor& operator[](const std::string& name) const {
    for (std::size_t i = 0; i < views.size(); ++i)
      if (set.slices()[i].name == name) return views[i];
    throw std::invalid_argument("no parameter " + name);
  }
  std::vector<Var> leaves(Tape& tape) const { return leaves_of(tape, views); }
};

// Compares first and second derivatives, with respect to every parameter and to x, with finite differences.
// `run` maps (layer, forward, x) to a result.
template <class L, class Run>
std::string check_layer(const Declared<L>& declared, const Tensor& x, Mode mode, const Run& run) {
  std::vector<Tensor> inputs = declared.views;
  inputs.push_back(x);
  const FunctionOfLeaves function = [&](Tape&, const std::vector<Var>& leaves) {
    Forward f(std::span<const Var>(leaves).first(leaves.size() - 1), mode, RandomStream(0),
              mode == Mode::evaluate ? std::span<const Tensor>(declared.buffers) : std::span<const Tensor>());
    return run(declared.layer, f, leaves.back());
  };
  return gradcheck("layer", function, inputs);
}
template <class L>
std::string check_layer(const Declared<L>& declared, const Tensor& x, Mode mode = Mode::train) {
  return check_layer(declared, x, mode,
                     [](const L& layer, Forward& f, const Var& input) { return layer.forward(f, input); });
}

}  // namespace gradus::nn
