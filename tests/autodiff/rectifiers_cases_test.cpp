// Gradient-check cases of the further activation functions, norms and choices from rows; and their values.
#include <gtest/gtest.h>

#include <cmath>

#include "autodiff/gradient.h"
#include "autodiff/operations.h"
#include "tests/autodiff/operation_cases.h"

namespace gradus {
namespace {

// Live as long as the program: leaves refer to them.
const Tensor& columns() {
  static const Tensor tensor = Tensor::indices({2, 0, 1, 2});
  return tensor;
}
const Tensor& grid() {
  static const Tensor tensor = columns().reshaped({2, 2});
  return tensor;
}

const bool added = add_cases({
    {"leaky_relu", {{3, 4}}, [](Tape&, const Leaves& x) { return square(leaky_relu(x[0], 0.2)); }},
    {"leaky_gate", {{6}, {6}}, [](Tape&, const Leaves& x) { return square(apply(ops::LeakyGate{0.2}, x[0], x[1])); }},
    {"elu", {{3, 4}}, [](Tape&, const Leaves& x) { return elu(x[0], 1.5); }},
    {"elu", {{3, 4}}, [](Tape&, const Leaves& x) { return square(selu(x[0])); }},
    {"elu_derivative", {{6}, {6}}, [](Tape&, const Leaves& x) { return apply(ops::EluDerivative{1.5}, x[0], x[1]); }},
    {"silu", {{3, 4}}, [](Tape&, const Leaves& x) { return silu(2.0 * x[0]); }},
    {"silu_derivative", {{6}, {6}}, [](Tape&, const Leaves& x) { return apply(ops::SiluDerivative{}, x[0], x[1]); }},
    {"tanh", {{3, 4}}, [](Tape&, const Leaves& x) { return mish(x[0]); }},
    {"div", {{3, 4}}, [](Tape&, const Leaves& x) { return softsign(x[0]); }},
    {"clamp", {{3, 4}}, [](Tape&, const Leaves& x) { return square(hard_tanh(x[0])); }},
    {"sqrt", {{3, 4}}, [](Tape&, const Leaves& x) { return l1_norm(x[0]) * l2_norm(x[0]); }},
    {"max", {{3, 4}}, [](Tape&, const Leaves& x) { return square(max_norm(x[0])); }},
    {"gather", {{3, 2}}, [](Tape& t, const Leaves& x) { return square(gather(x[0], t.leaf(grid()))); }},
    {"scatter_add", {{2, 2, 3}}, [](Tape& t, const Leaves& x) { return square(scatter_add(x[0], t.leaf(grid()), 3)); }},
    {"take_from_row",
     {{4, 3}},
     [](Tape& t, const Leaves& x) { return square(take_from_row(x[0], t.leaf(columns()))); }},
    {"put_in_row",
     {{4}, {4, 3}},
     [](Tape& t, const Leaves& x) { return square(apply(ops::PutInRow{3}, x[0], t.leaf(columns()))) * x[1] + x[1]; }},
});

TEST(Rectifiers, HaveTheValuesOfTheirFormulas) {
  for (const DType type : {DType::float32, DType::float64}) {
    const double tolerance = type == DType::float32 ? 2e-6 : 1e-14;
    Tape tape(type);
    for (const double point : {-1000.0, -70.0, -3.0, -0.5, -1e-6, 0.0, 1e-6, 0.7, 4.0, 80.0}) {
      const double v = type == DType::float32 ? static_cast<float>(point) : point;
      const Var x = tape.scalar(v);
      const auto near = [&](const Var& y, double expected) {
        EXPECT_NEAR(y.item(), expected, tolerance * std::abs(expected)) << v;
      };
      near(leaky_relu(x, 0.1), v > 0 ? v : 0.1 * v);
      near(elu(x, 2), v > 0 ? v : 2 * std::expm1(v));
      near(selu(x), 1.0507009873554805 * (v > 0 ? v : 1.6732632423543772 * std::expm1(v)));
      if (v > -80) near(silu(x), v / (1 + std::exp(-v)));
      if (v > -80) near(mish(x), v * std::tanh(v > 30 ? v : std::log1p(std::exp(v))));
      near(softsign(x), v / (1 + std::abs(v)));
      near(hard_tanh(x), std::min(std::max(v, -1.0), 1.0));
    }
    EXPECT_TRUE(std::isnan(elu(tape.scalar(NAN)).item()));
    EXPECT_EQ(silu(tape.scalar(-1000)).item(), 0);
    EXPECT_THROW(elu(tape.scalar(1), 0), std::invalid_argument);
  }
}

TEST(Norms, AreTheTextbooksAndHaveNoDerivativeAtZero) {
  Tape tape(DType::float64);
  const Tensor numbers = Tensor::of({2, 2}, {3, -4, 0, 0}), none = Tensor::zeros({3}, DType::float64);
  const Var x = tape.leaf(numbers), zero = tape.leaf(none);
  EXPECT_EQ(l1_norm(x).item(), 7);
  EXPECT_EQ(l2_norm(x).item(), 5);
  EXPECT_EQ(max_norm(x).item(), 4);
  const Tensor direction = gradient(l2_norm(x), {x})[0];
  for (std::int64_t i = 0; i < 4; ++i) EXPECT_NEAR(direction.at(i), numbers.at(i) / 5, 1e-15);
  EXPECT_EQ(gradient(max_norm(x), {x})[0].to_vector(), (std::vector<double>{0, -1, 0, 0}));
  for (const Var& norm : {l1_norm(zero), l2_norm(zero), max_norm(zero)}) {
    EXPECT_EQ(norm.item(), 0);
    EXPECT_EQ(gradient(norm, {zero})[0].to_vector(), std::vector<double>(3, 0));
  }
  const Tensor mask = Tensor::of({2}, {0, 1});
  EXPECT_EQ(masked_fill(x, tape.leaf(mask), 9).value().to_vector(), (std::vector<double>{3, 9, 0, 9}));
}

TEST(TakeFromRow, NamesWrongShapesAndIndices) {
  Tape tape(DType::float64);
  const Tensor matrix = Tensor::of({2, 3}, {1, 2, 3, 4, 5, 6}), good = Tensor::indices({2, 0}),
               bad = Tensor::indices({3, 0});
  const Var x = tape.leaf(matrix);
  EXPECT_EQ(take_from_row(x, tape.leaf(good)).value().to_vector(), (std::vector<double>{3, 4}));
  EXPECT_THROW(take_from_row(x, tape.leaf(bad)), std::invalid_argument);
  EXPECT_THROW(take_from_row(x, tape.leaf(columns())), std::invalid_argument);
  EXPECT_EQ(gather(x, tape.leaf(Tensor::indices({}))).shape(), (Shape{0, 3}));
}

// Every result may be asked for as something to add onto what is there.
TEST(Evaluate, AddsOntoADestination) {
  const auto check = [](const auto& operation, const std::vector<Shape>& shapes) {
    std::vector<Tensor> tensors;
    std::vector<const Tensor*> pointers;
    for (const Shape& shape : shapes) {
      tensors.push_back(Tensor::uninitialized(shape, DType::float64));
      for (std::int64_t i = 0; i < shape.size(); ++i)
        tensors.back().set(i, std::sin(static_cast<double>(7 * i + shape.size())));
    }
    for (const Tensor& tensor : tensors) pointers.push_back(&tensor);
    const Inputs in{pointers.data(), static_cast<int>(pointers.size())};
    const Tensor written = Tensor::full(operation.shape(in), NAN, DType::float64);
    const Tensor onto = Tensor::full(operation.shape(in), 1, DType::float64);
    operation.evaluate(in, written, false);
    operation.evaluate(in, onto, true);
    for (std::int64_t i = 0; i < written.size(); ++i)
      EXPECT_NEAR(onto.at(i), 1 + written.at(i), 1e-14) << typeid(operation).name();
  };
  const LstmLayout lstm{2, 3, 2};
  check(ops::LstmRecord{lstm}, {{2, 3, 4}, {4, 8}, {8}, {2, 8}, {3, 2}, {3, 2}});
  check(ops::LstmDerivative{lstm}, {lstm.states(), lstm.record(), {2, 8}});
  check(ops::LstmDerivative{lstm}, {lstm.record(), lstm.record(), {2, 8}});
  check(ops::LstmStates{lstm}, {lstm.record()});
  const GruLayout gru{2, 3, 2};
  check(ops::GruRecord{gru}, {{2, 3, 6}, {2, 6}, {2}, {3, 2}});
  check(ops::GruDerivative{gru}, {gru.states(), gru.record(), {2, 6}});
  check(ops::GruDerivative{gru}, {gru.record(), gru.record(), {2, 6}});
  check(ops::GruStates{gru}, {gru.record()});
  const RnnLayout rnn{2, 3, 2, false};
  check(ops::Rnn{rnn}, {{2, 3, 2}, {2, 2}, {3, 2}});
  check(ops::RnnDerivative{rnn}, {rnn.states(), rnn.states(), {2, 2}});
  check(ops::BatchMatMul{}, {{2, 3, 4}, {2, 4, 5}});
  check(ops::Permute(std::array{2, 0, 1}), {{3, 17, 18}});
  check(ops::Permute(std::array{1, 0, 2}), {{3, 4, 5}});
  check(ops::Part{2, {3}}, {{6}});
  check(ops::PutPart{2, {9}}, {{3, 2}});
  check(ops::StopGradient{}, {{3}});
  check(ops::Select{}, {{2, 3}, {3}});
  check(ops::Where{}, {{3}, {2, 3}, {2, 1}});
  check(ops::Greater{}, {{2, 3}, {3}});
  check(ops::CumulativeSum{1, true, true}, {{2, 5, 3}});
  check(ops::Standardize{1e-5}, {{3, 19}});
  check(ops::StandardizeDerivative{1e-5}, {{3, 19}, {3, 19}});
  check(ops::InverseDeviation{1e-5}, {{3, 19}});
  check(ops::LayerNorm{1e-5}, {{3, 19}, {19}, {19}});
  check(ops::LayerNormDerivative{1e-5}, {{3, 19}, {3, 19}, {19}});
  check(ops::ChannelMoments{1}, {{4, 70}});
  check(ops::ChannelMoments{1}, {{2, 3, 20}});
  check(ops::ChannelDot{1}, {{2, 3, 20}, {2, 3, 20}, {3}});
  check(ops::ChannelAffine{1}, {{2, 3, 20}, {3}, {3}, {3}});
  check(ops::ChannelAffine{1}, {{4, 3}, {3}, {3}, {3}});
  check(ops::Attention{{2, 0.5, true}}, {{2, 3, 12}});
  check(ops::AttentionDerivative{{2, 0.5, true}}, {{2, 3, 4}, {2, 3, 12}});
  check(ops::AttentionWeights{0.5, true}, {{2, 3, 21}});
  check(ops::AttentionWeights{0.5, false}, {{2, 3, 7}});
  check(ops::AttentionWeightsDerivative{0.5}, {{2, 3, 7}, {2, 3, 7}});
}

}  // namespace
}  // namespace gradus
