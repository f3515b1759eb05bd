// Every operation of the table on operands of wrong shapes, of an empty batch, of a stale tape: one clear line or a
// finite result, never undefined behaviour (which the sanitizer build would find).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "autodiff/gradient.h"
#include "autodiff/operations.h"
#include "autodiff/tensor/random.h"
#include "tests/autodiff/operation_cases.h"
#include "tests/support/tensors.h"

namespace gradus {
namespace {

using Shapes = std::vector<Shape>;

std::string text_of(const Shapes& shapes) {
  std::string text;
  for (const Shape& shape : shapes) text += (text.empty() ? "" : ", ") + shape.to_string();
  return text;
}

Shape with_extent(Shape shape, int axis, std::int64_t extent) {
  shape[axis] = extent;
  return shape;
}

// The shapes that somebody might hand over by mistake in place of this one.
std::vector<Shape> mistakes(const Shape& shape) {
  std::vector<Shape> wrong{{}, {1}, {2, 3, 2, 3, 2, 3}};
  for (int axis = 0; axis < shape.rank(); ++axis) {
    for (const std::int64_t extent : {std::int64_t{0}, std::int64_t{1}, shape[axis] + 1, 2 * shape[axis] + 3})
      wrong.push_back(with_extent(shape, axis, extent));
    Shape without, swapped = shape;
    for (int other = 0; other < shape.rank(); ++other)
      if (other != axis) without.append(shape[other]);
    wrong.push_back(without);
    if (axis > 0) {
      std::swap(swapped[axis - 1], swapped[axis]);
      wrong.push_back(swapped);
    }
  }
  if (shape.rank() < Shape::max_rank) {
    Shape longer{1};
    for (int axis = 0; axis < shape.rank(); ++axis) longer.append(shape[axis]);
    wrong.push_back(longer);
  }
  return wrong;
}

// Runs a case on these shapes with its gradient; returns the error's text, or "" if there was none. `finite` tells
// whether the result and the derivatives are.
std::string run(const Case& c, const Shapes& shapes, bool& finite) {
  RandomStream random(7);
  Tape tape(DType::float64);
  std::vector<Tensor> inputs, derivatives;
  Leaves x;
  for (const Shape& shape : shapes) {
    inputs.push_back(uniform_tensor(shape, random, c.low, c.high));
    derivatives.push_back(Tensor::zeros(shape, DType::float64));
    x.push_back(tape.leaf(inputs.back()));
  }
  const auto all_finite = [](const Tensor& tensor) {
    const auto values = tensor.to_vector();
    return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
  };
  finite = true;
  try {
    const Var y = c.function(tape, x);
    finite = all_finite(y.value());
    vjp(y, Tensor::full(y.shape(), 1, DType::float64), x, derivatives);
    for (const Tensor& derivative : derivatives) finite = finite && all_finite(derivative);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

// One line, which begins with the name of an operation or of a function of the vocabulary.
void expect_clear(const std::string& error, const std::string& where) {
  EXPECT_EQ(error.find('\n'), std::string::npos) << where << error;
  const std::size_t colon = error.find(": ");
  ASSERT_NE(colon, std::string::npos) << where << error;
  EXPECT_TRUE(std::all_of(error.begin(), error.begin() + static_cast<std::ptrdiff_t>(colon),
                          [](char c) { return std::islower(c) || std::isdigit(c) || c == '_'; }))
      << where << error;
}

TEST(BadShapes, AreRefusedWithTheOperationsNameOrComputed) {
  int refused = 0, computed = 0;
  for (const Case& c : operation_cases())
    for (std::size_t operand = 0; operand < c.shapes.size(); ++operand)
      for (const Shape& wrong : mistakes(c.shapes[operand])) {
        Shapes shapes = c.shapes;
        shapes[operand] = wrong;
        const std::string where = c.operation + "(" + text_of(shapes) + "): ";
        bool finite = true;
        const std::string error = run(c, shapes, finite);
        EXPECT_TRUE(finite) << where << "not finite";
        if (error.empty()) {
          ++computed;  // a shape that fits too, such as one that broadcasts
        } else {
          ++refused;
          expect_clear(error, where);
        }
      }
  EXPECT_GT(refused, 500);
  EXPECT_GT(computed, 100);
}

TEST(BadShapes, AnEmptyBatchIsRefusedOrStaysEmpty) {
  for (const Case& c : operation_cases()) {
    if (c.shapes[0].rank() == 0) continue;
    Shapes shapes = c.shapes;
    for (Shape& shape : shapes)
      if (shape.rank() > 0 && shape[0] == c.shapes[0][0]) shape[0] = 0;
    bool finite = true;
    const std::string where = c.operation + "(" + text_of(shapes) + "): ", error = run(c, shapes, finite);
    EXPECT_TRUE(finite) << where << "not finite";
    if (!error.empty()) expect_clear(error, where);
  }
}

TEST(BadShapes, AStaleOperandIsRefusedByEveryOperation) {
  std::set<std::string> seen;
  for (const Case& c : operation_cases()) {
    Tape tape(DType::float64);
    std::vector<Tensor> inputs;
    Leaves x;
    for (const Shape& shape : c.shapes) {
      inputs.push_back(Tensor::full(shape, 1, DType::float64));
      x.push_back(tape.leaf(inputs.back()));
    }
    tape.reset();
    EXPECT_THROW(c.function(tape, x), std::invalid_argument) << c.operation;
  }
}

TEST(BadShapes, ViewsOfARecordRefuseAnother) {
  Tape tape(DType::float64);
  const LstmLayout lstm{2, 3, 2};
  const GruLayout gru{2, 3, 2};
  const auto leaf = [&tape](const Shape& shape) { return tape.leaf(Tensor::zeros(shape, DType::float64)); };
  const auto with = [&](std::int64_t size) { return leaf({size}); };
  EXPECT_THROW(apply(ops::LstmStates{lstm}, with(lstm.record().size() - 1), leaf({2, 3, 2}), leaf({8}), leaf({2, 8}),
                     leaf({3, 2}), leaf({3, 2}), leaf({3, 2})),
               std::invalid_argument);
  EXPECT_THROW(
      apply(ops::GruStates{gru}, with(gru.record().size() - 1), leaf({2, 3, 6}), leaf({2, 6}), leaf({2}), leaf({3, 2})),
      std::invalid_argument);
}

}  // namespace
}  // namespace gradus
