// Checkpointed computations against plain ones: same derivatives to second order, less memory.
#include "autodiff/checkpoint.h"

#include <gtest/gtest.h>

#include "autodiff/gradient.h"
#include "autodiff/linearization.h"
#include "autodiff/operations.h"
#include "autodiff/tensor/random.h"
#include "tests/autodiff/operation_cases.h"

namespace gradus {
namespace {

const bool added = add_cases({
    {"checkpoint",
     {{3, 4}, {4, 2}},
     [](Tape&, const Leaves& x) {
       return square(checkpoint([](Tape&, std::span<const Var> in) { return tanh(matmul(in[0], in[1])); }, x));
     }},
    {"checkpoint",
     {{3, 4}},
     [](Tape&, const Leaves& x) {  // one inside another, used twice
       const Segment inner = [](Tape&, std::span<const Var> in) { return tanh(square(in[0])); };
       const Segment outer = [inner](Tape&, std::span<const Var> in) { return exp(checkpoint(inner, in)) * in[0]; };
       return checkpoint(outer, x) + checkpoint(outer, x);
     }},
});

// tanh applied `depth` times with a weight, in segments of `length`.
Var chain(Tape& tape, const Var& x, const Var& w, int depth, int length) {
  Var y = x;
  for (int i = 0; i < depth; i += length) {
    const Segment layers = [length](Tape&, std::span<const Var> in) {
      Var h = in[0];
      for (int k = 0; k < length; ++k) h = tanh(matmul(h, in[1]));
      return h;
    };
    const Var inputs[] = {y, w};
    y = length == 1 ? layers(tape, inputs) : checkpoint(layers, inputs);
  }
  return y;
}

TEST(Checkpoint, NeedsLessMemoryForTheSameDerivatives) {
  RandomStream random(1);
  const auto normal = [&](const Shape& shape, double scale) {
    const Tensor tensor = Tensor::uninitialized(shape, DType::float64);
    for (double& x : tensor.elements<double>()) x = scale * random.normal();
    return tensor;
  };
  const Tensor x = normal({64, 32}, 1), w = normal({32, 32}, 0.2), v = normal({32 * 32}, 1);
  const auto run = [&](int length, std::size_t& bytes, std::size_t& held) {
    Tape tape(DType::float64);
    std::vector<double> found;
    for (int repeat = 0; repeat < 2; ++repeat) {
      tape.reset();
      const Var leaf = tape.leaf(w), loss = sum(square(chain(tape, tape.leaf(x), leaf, 100, length)));
      found = gradient(loss, {leaf})[0].to_vector();
      bytes = tape.bytes_used();
      held = tape.bytes_held();
      Linearization at(loss, {&leaf, 1});
      const Tensor out = Tensor::zeros({32 * 32}, DType::float64);
      at.hessian_times(v, out);
      for (const double value : out.to_vector()) found.push_back(value);
    }
    return found;
  };
  std::size_t plain_bytes = 0, less_bytes = 0, plain_held = 0, less_held = 0;
  const std::vector<double> plain = run(1, plain_bytes, plain_held), less = run(10, less_bytes, less_held);
  ASSERT_EQ(plain.size(), less.size());
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_NEAR(plain[i], less[i], 1e-9 * (1 + std::abs(plain[i])));
  std::printf("100 layers: %zu bytes, in segments of 10: %zu bytes\n", plain_bytes, less_bytes);
  EXPECT_LT(less_bytes, plain_bytes / 3);
}

TEST(Checkpoint, RefusesVarsOfTheOuterTape) {
  Tape tape(DType::float64);
  const Tensor x = Tensor::of({1}, {2});
  const Var a = tape.leaf(x);
  EXPECT_THROW(checkpoint([a](Tape&, std::span<const Var> in) { return in[0] * a; }, {&a, 1}), std::invalid_argument);
  EXPECT_THROW(checkpoint([](Tape&, std::span<const Var> in) { return in[0]; }, {}), std::invalid_argument);
}

}  // namespace
}  // namespace gradus
