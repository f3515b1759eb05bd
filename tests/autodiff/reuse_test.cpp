// Memory that is used again: results written over operands, adjoints over values, temporaries given back within a rule.
#include <gtest/gtest.h>

#include <functional>

#include "autodiff/gradcheck.h"
#include "autodiff/gradient.h"
#include "autodiff/inspect.h"
#include "autodiff/kernels/loops.h"
#include "autodiff/linearization.h"
#include "autodiff/operations.h"
#include "autodiff/tensor/random.h"
#include "tests/support/throws.h"

namespace gradus {
namespace {

Tensor numbers(const Shape& shape, std::uint64_t seed = 1) {
  const Tensor tensor = Tensor::uninitialized(shape, DType::float64);
  RandomStream random(seed, "numbers");
  for (double& x : tensor.elements<double>()) x = 0.5 + random.uniform();
  return tensor;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

using Function = std::function<Var(const Var&)>;
struct Overwriting {
  const char* name;
  Function function;
};

// Every operation of one operand that may write over it, given the operand as it is.
const std::vector<Overwriting>& overwriting() {
  static const std::vector<Overwriting> all{
      {"exp", [](const Var& x) { return exp(x); }},
      {"sqrt", [](const Var& x) { return sqrt(x); }},
      {"relu", [](const Var& x) { return relu(last_use(add_scalar(x, -1))); }},
      {"scale", [](const Var& x) { return scale(x, -3); }},
      {"add_scalar", [](const Var& x) { return add_scalar(x, 2); }},
      {"dropout", [](const Var& x) { return dropout(x, 0.4, 7); }},
      {"add",
       [](const Var& x) {
         return add(x, x.tape().copy(numbers({4, 5}, 9)));
       }},
      {"add to a row", [](const Var& x) { return add(x.tape().copy(numbers({5}, 9)), x); }},
      {"sub",
       [](const Var& x) {
         return sub(x.tape().copy(numbers({4, 5}, 9)), x);
       }},
  };
  return all;
}

TEST(Reuse, AnOperationOverItsOperandGivesTheSameBits) {
  const Tensor a = numbers({4, 3}), w = numbers({3, 5}, 2), b = numbers({5}, 3);
  for (const auto& [name, function] : overwriting()) {
    std::vector<std::vector<double>> value, first, second;
    std::vector<std::size_t> bytes;
    for (const bool over : {false, true}) {
      Tape tape(DType::float64);
      const std::vector<Var> leaves{tape.leaf(a), tape.leaf(w), tape.leaf(b)};
      const Var x = affine(leaves[0], leaves[1], leaves[2]);
      const Var y = function(over ? last_use(x) : x);
      bytes.push_back(tape.bytes_used());
      value.push_back(y.value().to_vector());
      const std::vector<Var> g = record_gradient(sum(square(y)), leaves);
      first.push_back(g[1].value().to_vector());
      second.push_back(gradient(sum(square(g[1])), {leaves[1]})[0].to_vector());
      if (over) {
        EXPECT_TRUE(contains(error_of([&] { x.value(); }), "value: affine_3 [4, 5] was written over")) << name;
        EXPECT_TRUE(contains(error_of([&] { tanh(x); }), "tanh: affine_3")) << name;
        EXPECT_EQ(x.shape(), (Shape{4, 5})) << name;
        EXPECT_NO_THROW(gradient(sum(y), {x})) << name;
      }
    }
    EXPECT_LE(bytes[1] + 4 * 5 * sizeof(double), bytes[0]) << name;
    EXPECT_EQ(value[0], value[1]) << name;
    EXPECT_EQ(first[0], first[1]) << name;
    EXPECT_EQ(second[0], second[1]) << name;
  }
}

// Each of these asks for memory that somebody else needs; all values stay readable.
TEST(Reuse, LeavesWhatSomebodyElseNeeds) {
  Tape tape(DType::float64);
  const Tensor a = numbers({4, 3});
  const Var x = tape.leaf(a), copy = tape.copy(a);
  const auto stays = [](const Var& y, const Function& use) {
    const std::vector<double> before = y.value().to_vector();
    use(last_use(y));
    return y.value().to_vector() == before;
  };
  const Function over = [](const Var& y) { return scale(y, 2); };
  EXPECT_TRUE(stays(x, over));
  EXPECT_TRUE(stays(copy, over));
  EXPECT_TRUE(stays(exp(x), over)) << "the rule of exp reads its result";
  const Var used = scale(x, 3);
  square(used);
  EXPECT_TRUE(stays(used, over)) << "the rule of square reads it";
  const Var seen = scale(x, 3), view = reshape(seen, {12});
  EXPECT_TRUE(stays(seen, over)) << "a view shows it";
  tanh(view);
  EXPECT_TRUE(stays(view, over));
  const Var kept = scale(x, 3);
  tape.protect(kept);
  EXPECT_TRUE(stays(kept, over));
  const Var twice = scale(x, 3);
  EXPECT_TRUE(stays(twice, [](const Var& y) { return add(y, y); }));
  EXPECT_TRUE(stays(scale(x, 3), [](const Var& y) { return square(y); })) << "whose rule reads its operand";
  EXPECT_TRUE(stays(scale(x, 3), [&](const Var& y) {
    return add(y, tape.copy(numbers({2, 4, 3})));
  })) << "shapes differ";
}

TEST(Reuse, GoesThroughViews) {
  Tape tape(DType::float64);
  const Tensor a = numbers({4, 3});
  const Var x = tape.leaf(a), y = scale(x, 2), z = reshape(y, {12}), r = exp(last_use(z));
  EXPECT_THROW(y.value(), std::invalid_argument);
  EXPECT_THROW(z.value(), std::invalid_argument);
  const Tensor g = gradient(sum(r), {x})[0];
  for (std::int64_t i = 0; i < 12; ++i) EXPECT_NEAR(g.at(i), 2 * r.value().at(i), 1e-12);
  tape.reset();
  EXPECT_NO_THROW(reshape(scale(tape.leaf(a), 2), {12}).value());  // the marks are gone
}

TEST(Reuse, IsDifferentiatedToSecondOrder) {
  const std::string complaint =
      gradcheck("last_use",
                [](Tape&, const std::vector<Var>& x) {
                  return exp(last_use(add(x[0], last_use(scale(relu(last_use(matmul(x[0], x[1]))), 0.3)))));
                },
                {numbers({3, 3}), numbers({3, 3}, 2)});
  EXPECT_EQ(complaint, "");
}

// A rule that says it reads the result alone, and reads its operand.
struct Liar : Pointwise<Liar> {
  static constexpr const char* title = "add";  // a name of the table of checks, in which this one is not wanted
  static constexpr Reads rule_reads = Reads::result;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override {
    kernels::map(
        out, accumulate, [](auto x) { return x * x; }, in[0]);
  }
  void vjp(auto& s) const {
    s.to(0, [&] { return scale(mul(s.dy(), s.in(0)), 2); });
  }
};

TEST(Reuse, ARuleThatReadsMoreThanItSaysIsRefused) {
  Tape tape(DType::float64);
  const Tensor a = numbers({2});
  const Var x = tape.leaf(a), y = sum(apply(Liar{}, x));
  EXPECT_THROW(gradient(y, {x}), std::logic_error);
  EXPECT_THROW(record_gradient(y, {x}), std::logic_error);
}

// What last_gradient may write over: an activation's operand, the operand of a pooling, what attention reads.
Var network(const std::vector<Var>& x) {
  const Var images = conv2d(x[0], x[1], {.padding = same_padding()});
  const Var pooled = gelu(max_pool2d(images, {2, 2}, {2, 2}));
  const Var rows = reshape(pooled, {2, 4, 6});
  return sum(square(softplus(attention(scale(rows, 1.5), 2, 0.7, true))));
}

TEST(Reuse, TheLastGradientIsTheGradientInLessMemory) {
  const std::vector<Tensor> at{numbers({2, 4, 4, 3}), numbers({3, 3, 3, 6}, 2)};
  std::vector<std::vector<double>> gradients;
  std::vector<std::size_t> bytes;
  for (const bool last : {false, true}) {
    Tape tape(DType::float64);
    const std::vector<Var> leaves{tape.leaf(at[0]), tape.leaf(at[1])};
    const Var y = network(leaves);
    const std::vector<Tensor> out{numbers(at[0].shape()), numbers(at[1].shape())};
    (last ? last_gradient : static_cast<decltype(&last_gradient)>(gradient))(y, leaves, out);
    gradients.push_back(out[0].to_vector()), gradients.push_back(out[1].to_vector());
    bytes.push_back(tape.bytes_used());
    EXPECT_GT(y.item(), 0);
    if (last)
      EXPECT_THROW(gradient(y, leaves, out), std::invalid_argument);
    else
      EXPECT_NO_THROW(gradient(y, leaves, out));
  }
  EXPECT_EQ(gradients[0], gradients[2]);
  EXPECT_EQ(gradients[1], gradients[3]);
  EXPECT_LT(bytes[1], bytes[0]);
}

// Windows that overlap share pixels: the maximum's derivative may then not be written over the image.
TEST(Reuse, TheLastGradientOfOverlappingWindowsIsRight) {
  const Tensor image = numbers({1, 5, 5, 2});
  std::vector<std::vector<double>> gradients;
  for (const bool last : {false, true}) {
    Tape tape(DType::float64);
    const std::vector<Var> leaves{tape.leaf(image)};
    const std::vector<Tensor> out{numbers(image.shape())};
    const Var y = sum(square(max_pool2d(scale(leaves[0], 2), {3, 3}, {1, 1})));
    (last ? last_gradient : static_cast<decltype(&last_gradient)>(gradient))(y, leaves, out);
    gradients.push_back(out[0].to_vector());
  }
  EXPECT_EQ(gradients[0], gradients[1]);
}

// A step of a recurrence gives its temporaries back: a second-order product over t steps takes few of them, not t times
// all.
TEST(Reuse, ARuleWithALoopGivesItsTemporariesBack) {
  const auto most = [](std::int64_t steps) {
    Tape tape(DType::float64);
    const std::vector<Tensor> at{numbers({steps, 2, 24}), numbers({8, 24}, 2), numbers({8}, 3), numbers({2, 8}, 4)};
    std::vector<Var> x;
    for (const Tensor& tensor : at) x.push_back(tape.leaf(tensor));
    const Var loss = sum(square(gru(x[0], x[1], x[2], x[3]).hidden));
    tape.profile_memory(true);
    const std::vector<Var> leaves{x[1], x[2]};
    Linearization at_point(loss, leaves);
    const Tensor v = numbers({at_point.size()}), out = numbers({at_point.size()});
    at_point.hessian_times(v, out);
    std::size_t scratch = 0;
    for (const auto& row : memory_by_operation(tape).rows)
      if (row.operation == "gru_derivative") scratch = row.scratch;
    return scratch;
  };
  EXPECT_GT(most(3), 0u);
  EXPECT_LE(most(24), 2 * most(3));
}

}  // namespace
}  // namespace gradus
