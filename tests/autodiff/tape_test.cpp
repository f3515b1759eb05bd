// The tape: sweeps, accumulation, higher order, memory.
#include "autodiff/tape.h"

#include <gtest/gtest.h>

#include "autodiff/gradient.h"
#include "autodiff/operations.h"
#include "autodiff/tensor/random.h"

namespace gradus {
namespace {

TEST(Tape, DifferentiatesToAnyOrder) {
  Tape tape(DType::float64);
  const Tensor at = Tensor::of({}, {2.0});
  const Var x = tape.leaf(at);
  Var y = x * x * x * x;  // x^4: 32, 48, 48, 24, 0
  for (const double expected : {32.0, 48.0, 48.0, 24.0, 0.0}) {
    y = record_gradient(y, {x})[0];
    EXPECT_DOUBLE_EQ(y.item(), expected);
  }
}

// References to values and shapes hold while the tape grows: rules use them while they record.
TEST(Tape, KeepsItsValuesInPlaceWhileItGrows) {
  for (int before = 0; before < 600; ++before) {
    Tape tape(DType::float64);
    const Tensor a = Tensor::full({4, 1, 3}, 1.5, DType::float64), b = Tensor::full({5, 1}, 2, DType::float64),
                 c = Tensor::full({3}, 3, DType::float64);
    const Var x = tape.leaf(a), y = tape.leaf(b), z = tape.leaf(c);
    for (int i = 0; i < before; ++i) tape.leaf(c);
    const Tensor& value = x.value();
    const Var r = sum((x + y) * z - x / (square(y) + 1.0));
    const std::vector<Var> g = record_gradient(r, {x, y, z});
    ASSERT_EQ(value.shape(), (Shape{4, 1, 3}));
    // d/dx = sum over the 5 of (z - 1 / (y^2 + 1)); d/dz = sum over 4 x 5 of (x + y)
    EXPECT_NEAR(g[0].value().at(0), 5 * (3 - 0.2), 1e-12);
    EXPECT_NEAR(g[2].value().at(0), 20 * 3.5, 1e-12);
  }
}

TEST(Tape, KeepsWhatALeafWasGiven) {
  Tape tape(DType::float64);
  for (int step = 0; step < 3; ++step) {
    const Var x = tape.leaf(Tensor::of({3}, {1, 2, 3}));
    const Var whole = tape.leaf(Tensor::of({2, 2}, {1, 2, 3, 4}).rows(1, 1).reshaped({2}));
    const Var label = tape.leaf(Tensor::indices({2, 0}));
    // Whoever frees memory of these sizes too early finds it here.
    const Tensor over[] = {Tensor::full({3}, 99, DType::float64), Tensor::full({2, 2}, 99, DType::float64),
                           Tensor::indices({1, 1})};
    EXPECT_EQ(x.value().to_vector(), (std::vector<double>{1, 2, 3}));
    EXPECT_EQ(whole.value().to_vector(), (std::vector<double>{3, 4}));
    EXPECT_EQ(label.value().to_vector(), (std::vector<double>{2, 0}));
    EXPECT_EQ(gradient(sum(x * x), {x})[0].to_vector(), (std::vector<double>{2, 4, 6}));
    // The numbers of a leaf outlive the tape's record for whoever holds them.
    const Tensor kept = x.value();
    tape.reset();
    EXPECT_EQ(kept.to_vector(), (std::vector<double>{1, 2, 3})) << over[0].at(0);
  }
}

TEST(Tape, RefusesTensorsThatHaveNoNumbersYet) {
  Tape tape(DType::float32);
  const Tensor undefined, numbers = Tensor::zeros({}, DType::float32);
  EXPECT_THROW(tape.leaf(undefined), std::invalid_argument);
  EXPECT_THROW(tape.copy(undefined), std::invalid_argument);
  EXPECT_THROW(undefined.item(), std::invalid_argument);
  EXPECT_THROW(undefined.at(0), std::invalid_argument);
  EXPECT_THROW(undefined.set(0, 1), std::invalid_argument);
  EXPECT_THROW(undefined.fill(1), std::invalid_argument);
  EXPECT_THROW(undefined.to_vector(), std::invalid_argument);
  EXPECT_THROW(undefined.clone(), std::invalid_argument);
  EXPECT_THROW(undefined.converted(DType::float64), std::invalid_argument);
  EXPECT_THROW(undefined.reshaped({1}), std::invalid_argument);
  EXPECT_THROW(undefined.elements<float>(), std::invalid_argument);
  EXPECT_THROW(undefined.copy_from(numbers), std::invalid_argument);
  EXPECT_THROW(numbers.copy_from(undefined), std::invalid_argument);
}

TEST(Tape, AddsUpContributionsWithoutTouchingBorrowedOnes) {
  Tape tape(DType::float64);
  const Tensor a = Tensor::of({2}, {1, 2}), b = Tensor::of({2}, {3, 4});
  const Var x = tape.leaf(a), y = tape.leaf(b);
  const Var s = x + y;  // both borrow the cotangent of s
  const Var z = sum(s * s + x + x + 3.0 * y);
  const auto g = gradient(z, {x, y, s});
  EXPECT_EQ(g[0].to_vector(), (std::vector<double>{2 * 4 + 2, 2 * 6 + 2}));
  EXPECT_EQ(g[1].to_vector(), (std::vector<double>{2 * 4 + 3, 2 * 6 + 3}));
  EXPECT_EQ(g[2].to_vector(), (std::vector<double>{8, 12}));
}

TEST(Tape, GivesZerosForWhatTheResultDoesNotDependOn) {
  Tape tape(DType::float64);
  const Tensor a = Tensor::of({2}, {1, 2});
  const Var x = tape.leaf(a), unused = tape.leaf(a);
  const auto g = gradient(sum(x), {unused, x, x});
  EXPECT_EQ(g[0].to_vector(), (std::vector<double>{0, 0}));
  EXPECT_EQ(g[1].to_vector(), (std::vector<double>{1, 1}));
  EXPECT_EQ(g[2].to_vector(), (std::vector<double>{1, 1}));
  EXPECT_EQ(record_gradient(sum(x), {unused})[0].value().to_vector(), (std::vector<double>{0, 0}));
}

TEST(Tape, KeepsItsMemoryFlatOverManyCurvatureProducts) {
  Tape tape(DType::float64);
  RandomStream random(1);
  const Tensor w = Tensor::zeros({8, 8}, DType::float64), v = Tensor::full({8, 8}, 1, DType::float64);
  for (double& e : w.elements<double>()) e = random.normal();
  const Var x = tape.leaf(w);
  const Var g = record_gradient(sum(tanh(matmul(x, x))), {x})[0];
  const Var along = sum(g * tape.leaf(v));
  const Tensor out = Tensor::zeros({8, 8}, DType::float64);
  const Var leaves[] = {x};
  const Tensor outs[] = {out};
  gradient(along, leaves, outs);
  const std::size_t held = tape.bytes_held(), nodes = tape.node_count();
  for (int i = 0; i < 10000; ++i) gradient(along, leaves, outs);
  EXPECT_EQ(tape.bytes_held(), held);
  EXPECT_EQ(tape.node_count(), nodes);
}

TEST(Random, StreamsAreReproducibleAndIndependent) {
  // The known answer of Philox4x32-10 for zeros (Random123's kat_vectors).
  EXPECT_EQ(philox(0, 0, 0), (std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  RandomStream a(1, "shuffle", 3), b(1, "shuffle", 3), c(1, "shuffle", 4), d(1, "noise", 3);
  const auto first = a.bits();
  EXPECT_EQ(first, b.bits());
  EXPECT_NE(first, c.bits());
  EXPECT_NE(first, d.bits());
  double total = 0, squares = 0;
  for (int i = 0; i < 20000; ++i) {
    const double x = a.normal();
    total += x;
    squares += x * x;
  }
  EXPECT_NEAR(total / 20000, 0, 0.03);
  EXPECT_NEAR(squares / 20000, 1, 0.03);
}

}  // namespace
}  // namespace gradus
