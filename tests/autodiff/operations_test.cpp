// Every operation against finite differences, first and second order; none may be missing from the table.
#include "autodiff/operations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "autodiff/gradient.h"
#include "autodiff/kernels/math.h"
#include "autodiff/tensor/random.h"
#include "tests/autodiff/operation_cases.h"
#include "tests/support/tensors.h"
#include "tests/support/throws.h"

namespace gradus {
namespace {

TEST(Operations, AgreeWithFiniteDifferencesAtFirstAndSecondOrder) {
  RandomStream random(3, "inputs");
  for (const Case& c : operation_cases()) {
    std::vector<Tensor> inputs;
    for (const Shape& shape : c.shapes) inputs.push_back(uniform_tensor(shape, random, c.low, c.high));
    EXPECT_EQ(gradcheck(c.operation, c.function, inputs), "");
  }
}

TEST(Operations, AreAllInTheTable) {
  std::set<std::string> checked;
  for (const Case& c : operation_cases()) checked.insert(c.operation);
  ASSERT_GT(operation_names().size(), 30u);
  for (const std::string& name : operation_names()) EXPECT_TRUE(checked.contains(name)) << name << " has no gradcheck";
}

// What the headers define is what the list holds.
TEST(Operations, AreAllInTheList) {
  std::set<std::string> defined;
  const std::string title = "title = \"";
  for (const auto& entry : std::filesystem::directory_iterator(GRADUS_SOURCE_DIR "/autodiff/operations")) {
    if (entry.path().extension() != ".h") continue;
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const std::string code = text.str();
    for (std::size_t found = code.find(title); found != std::string::npos; found = code.find(title, found)) {
      found += title.size();
      defined.insert(code.substr(found, code.find('"', found) - found));
    }
  }
  const std::vector<std::string> names = operation_names();
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), defined);
  EXPECT_EQ(names.size(), defined.size());
}

struct WrongCube : Elementwise<WrongCube> {  // a rule that is wrong at first order, and one only at second
  static constexpr const char* title = "wrong_cube";
  bool first;
  explicit WrongCube(bool wrong_first) : first(wrong_first) {}
  void evaluate(Inputs in, const Tensor& out, bool) const override {
    for (std::int64_t i = 0; i < out.size(); ++i) out.set(i, std::pow(in[0].at(i), 3));
  }
  void vjp(auto& s) const {
    s.to(0, [&] { return scale(mul(s.dy(), s.in(0)), first ? 2 : 0); });
  }
};

TEST(Gradcheck, FindsAWrongRuleAndSaysWhere) {
  RandomStream random(4);
  const std::string line = gradcheck("wrong_cube", [](Tape&, const Leaves& x) { return apply(WrongCube{true}, x[0]); },
                                     {uniform_tensor({2, 3}, random, 1, 2)});
  EXPECT_NE(line.find("wrong_cube: [2, 3] -> [2, 3]: first derivative, direction 0: analytic"), std::string::npos)
      << line;
}

// float32 values against float64 ones, so that both kernels (oneDNN's and Eigen's) are held to the same answers.
TEST(Operations, Float32AgreesWithFloat64) {
  RandomStream random(5);
  for (const Case& c : operation_cases()) {
    Tape wide(DType::float64), narrow(DType::float32);
    Leaves x, y;
    std::vector<Tensor> keep;
    for (const Shape& shape : c.shapes) {
      keep.push_back(uniform_tensor(shape, random, c.low, c.high).converted(DType::float32));
      y.push_back(narrow.leaf(keep.back()));
      keep.push_back(keep.back().converted(DType::float64));
      x.push_back(wide.leaf(keep.back()));
    }
    const Var a = c.function(wide, x), b = c.function(narrow, y);
    ASSERT_EQ(a.shape(), b.shape());
    for (std::int64_t i = 0; i < a.shape().size(); ++i)
      EXPECT_NEAR(a.value().at(i), b.value().at(i), 2e-4 * (1 + std::abs(a.value().at(i)))) << c.operation;
  }
}

TEST(Operations, ElementaryFunctionsMatchTheStandardLibrary) {
  const auto check = [](double x, double value, double expected, double tolerance) {
    if (std::isnan(expected))
      EXPECT_TRUE(std::isnan(value)) << x;
    else if (std::isinf(expected))
      EXPECT_EQ(value, expected) << x;
    else
      EXPECT_NEAR(value, expected, tolerance * std::max(std::abs(expected), 1e-300)) << x;
  };
  std::vector<double> points{-1000, -745, -708, -100, -88, -20, -1,  -1e-3, -1e-8,    0,         1e-8, 1e-3,
                             0.3,   1,    2,    20,   88,  100, 700, 1000,  INFINITY, -INFINITY, NAN};
  for (double x = -30; x < 30; x += 0.377) points.push_back(x);
  for (const DType type : {DType::float64, DType::float32}) {
    const double tolerance = type == DType::float64 ? 1e-14 : 1e-6;
    Tape tape(type);
    for (const double exact : points) {
      const double x = type == DType::float32 ? static_cast<float>(exact) : exact;
      const bool subnormal = std::exp(x) < (type == DType::float32 ? 1.2e-38 : 2.3e-308);
      const double largest = type == DType::float32 ? 3.4e38 : 1.7e308;
      const double e = std::exp(x) > largest ? INFINITY : std::exp(x);
      if (!subnormal || std::isinf(x)) check(x, exp(tape.scalar(x)).item(), e, tolerance);
      check(x, tanh(tape.scalar(x)).item(), std::tanh(x), tolerance);
      if (!subnormal) check(x, sigmoid(tape.scalar(x)).item(), 1 / (1 + std::exp(-x)), tolerance);
      check(x, log(tape.scalar(x)).item(), std::log(x), tolerance * 4);
      if (!subnormal) check(x, softplus(tape.scalar(x)).item(), x > 700 ? x : std::log1p(std::exp(x)), tolerance * 2);
    }
  }
}

TEST(Operations, SquareRootIsRightToTwoUnitsInTheLastPlace) {
  for (float x = 1.2e-38f; x < 1e38f; x *= 1.0137f) EXPECT_NEAR(math::sqrt(x) / std::sqrt(double{x}), 1, 2.4e-7) << x;
  EXPECT_EQ(math::sqrt(0.0f), 0);
  EXPECT_EQ(math::sqrt(2.0), std::sqrt(2.0));
}

TEST(Operations, RefuseWrongShapesTypesAndTapes) {
  Tape tape(DType::float64), other(DType::float64);
  const Tensor a = Tensor::zeros({2, 3}, DType::float64), i = Tensor::indices({0, 5});
  const Var x = tape.leaf(a), index = tape.leaf(i), foreign = other.leaf(a);
  EXPECT_EQ(refusal_of([&] { matmul(x, x); }), "matmul: [2, 3] x [2, 3], expected [m, k] x [k, n]");
  EXPECT_EQ(refusal_of([&] { add(x, slice(x, 1, 0, 2)); }),
            "add: [2, 3] and [2, 2], expected [..] and [..] that broadcast");
  EXPECT_EQ(refusal_of([&] { add(x, foreign); }), "add: operands belong to different tapes");
  EXPECT_EQ(refusal_of([&] { exp(index); }), "exp: operand 0 is int32, expected float64");
  EXPECT_EQ(refusal_of([&] { gather(x, x); }), "gather: operand 1 is float64, expected int32");
  EXPECT_EQ(refusal_of([&] { gather(x, index); }), "gather: index 5 at position 1 is not in [0, 2)");
  EXPECT_EQ(refusal_of([&] { cross_entropy_each(x, index); }),
            "cross_entropy_each: index 5 at position 1 is not in [0, 3)");
  EXPECT_EQ(refusal_of([&] { slice(x, 2, 0, 1); }), "slice: axis 2 of [2, 3]");
  EXPECT_EQ(refusal_of([&] { slice(x, 1, 2, 2); }), "slice: [2, 4) along axis 1 of [2, 3]");
  EXPECT_EQ(refusal_of([&] { reshape(x, {4}); }), "reshape: [2, 3] has 6 elements, [4] has 4");
  EXPECT_EQ(refusal_of([&] { tape.record(ops::Add{}, {&x, 1}); }), "an operation has too few operands");
  EXPECT_EQ(refusal_of([&] { affine(x, x, x); }), "affine: [2, 3] x [2, 3] + [2, 3], expected [m, k] x [k, n] + [n]");
  EXPECT_EQ(refusal_of([&] { transpose(sum(x)); }), "transpose: [], expected at least 2 axes");
  EXPECT_EQ(refusal_of([&] { dropout(x, 1.0, 0); }), "dropout: probability 1, expected 0 <= p < 1");
  EXPECT_EQ(refusal_of([&] { gradient(x, {x}); }), "gradient: [2, 3], expected one number");
  EXPECT_EQ(refusal_of([&] { exp(Var()); }), "Var: not of any tape");
  tape.reset();
  EXPECT_EQ(refusal_of([&] { exp(x); }), "exp: an operand is stale: its tape was reset after it was made");
  const Tensor narrow = Tensor::zeros({1}, DType::float32);
  EXPECT_EQ(refusal_of([&] { tape.leaf(narrow); }), "leaf: tensor of float32 on a tape of float64");
}

TEST(Operations, DropoutKeepsTheMeanAndDependsOnTheKeyOnly) {
  Tape tape(DType::float64);
  const Tensor ones = Tensor::full({100, 100}, 1, DType::float64);
  const Var x = tape.leaf(ones);
  EXPECT_NEAR(mean(dropout(x, 0.3, 1)).item(), 1, 0.03);
  EXPECT_EQ(dropout(x, 0.3, 1).value().to_vector(), dropout(x, 0.3, 1).value().to_vector());
  EXPECT_NE(dropout(x, 0.3, 1).value().to_vector(), dropout(x, 0.3, 2).value().to_vector());
}

}  // namespace
}  // namespace gradus
