// Gradient-check cases of batched products, permutations, parts, selection and running sums; and their values.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "autodiff/gradient.h"
#include "autodiff/operations.h"
#include "tests/autodiff/operation_cases.h"
#include "tests/support/throws.h"

namespace gradus {
namespace {

// A constant for conditions and the like; lives as long as the program, as leaves refer to it.
const Tensor& pattern(DType type) {
  static const Tensor wide = Tensor::of({2, 3}, {1, 0, 0, 1, 1, 0}), narrow = wide.converted(DType::float32);
  return type == DType::float64 ? wide : narrow;
}
Var condition(Tape& tape) { return tape.leaf(pattern(tape.dtype())); }

const bool added = add_cases({
    {"batch_matmul", {{2, 3, 4}, {2, 4, 5}}, [](Tape&, const Leaves& x) { return batch_matmul(x[0], x[1]); }},
    {"batch_matmul",
     {{2, 2, 4, 3}, {2, 2, 4, 5}},
     [](Tape&, const Leaves& x) { return batch_matmul(x[0], x[1], true); }},
    {"batch_matmul",
     {{2, 3, 4}, {2, 5, 4}},
     [](Tape&, const Leaves& x) { return batch_matmul(x[0], x[1], false, true); }},
    {"batch_matmul",
     {{3, 4, 3}, {3, 5, 4}},
     [](Tape&, const Leaves& x) { return batch_matmul(x[0], x[1], true, true); }},
    {"permute",
     {{2, 3, 4}},
     [](Tape&, const Leaves& x) {
       return square(permute(x[0], {2, 0, 1}));
     }},
    {"permute",
     {{2, 3, 2, 4}},
     [](Tape&, const Leaves& x) {
       return square(permute(x[0], {0, 2, 1, 3}));
     }},
    {"permute",
     {{3, 20, 18}},
     [](Tape&, const Leaves& x) { return square(transpose(x[0])) + square(transpose(x[0])); }},
    {"part",
     {{3, 4}},
     [](Tape&, const Leaves& x) {
       return square(part(x[0], 2, {2, 3})) * part(x[0], 6, {2, 3});
     }},
    {"put_part",
     {{3, 2}, {3, 4}},
     [](Tape&, const Leaves& x) {
       return square(put_part(x[0], 3, {3, 4}) + put_part(x[0], 0, {3, 4})) * x[1];
     }},
    {"stop_gradient", {{2, 3}}, [](Tape& t, const Leaves& x) { return square(x[0]) * stop_gradient(condition(t)); }},
    {"select", {{4, 2, 3}}, [](Tape& t, const Leaves& x) { return square(select(x[0], condition(t))); }},
    {"select", {{3}}, [](Tape& t, const Leaves& x) { return square(apply(ops::Select{false}, x[0], condition(t))); }},
    {"where", {{2, 3}, {3}}, [](Tape& t, const Leaves& x) { return square(where(condition(t), x[0], x[1])); }},
    {"where", {{2, 1}, {4, 1, 3}}, [](Tape& t, const Leaves& x) { return square(where(condition(t), x[0], x[1])); }},
    {"greater", {{2, 3}, {3}}, [](Tape&, const Leaves& x) { return square(x[0]) * greater(x[0], x[1]); }},
    {"cumulative_sum", {{2, 5, 3}}, [](Tape&, const Leaves& x) { return square(cumulative_sum(x[0], 1)); }},
    {"cumulative_sum", {{2, 5}}, [](Tape&, const Leaves& x) { return square(cumulative_sum(x[0], -1, true)); }},
    {"cumulative_sum", {{4, 70}}, [](Tape&, const Leaves& x) { return square(cumulative_sum(x[0], 0, false, true)); }},
    {"reverse", {{2, 5, 3}}, [](Tape&, const Leaves& x) { return square(reverse(x[0], 1)); }},
    {"reverse", {{4}}, [](Tape&, const Leaves& x) { return square(reverse(x[0], -1)) * x[0]; }},
    {"cumulative_sum", {{7}}, [](Tape&, const Leaves& x) { return square(cumulative_sum(x[0], 0, true, true)); }},
});

TEST(BatchMatmul, IsTheProductOfEachPairAndNamesWrongShapes) {
  Tape tape(DType::float64);
  const Tensor a = Tensor::of({2, 1, 2}, {1, 2, 3, 4}), b = Tensor::of({2, 2, 2}, {1, 0, 0, 1, 2, 3, 4, 5});
  const Var x = tape.leaf(a), y = tape.leaf(b);
  EXPECT_EQ(batch_matmul(x, y).value().to_vector(), (std::vector<double>{1, 2, 22, 29}));
  EXPECT_EQ(batch_matmul(x, y, false, true).value().to_vector(), (std::vector<double>{1, 2, 18, 32}));
  EXPECT_EQ(refusal_of([&] { batch_matmul(y, x); }),
            "batch_matmul: [2, 2, 2] x [2, 1, 2], expected [.., m, k] x [.., k, n]");
  EXPECT_EQ(refusal_of([&] {
              batch_matmul(x, part(y, 0, {1, 2, 2}));
            }),
            "batch_matmul: [2, 1, 2] x [1, 2, 2], expected [.., m, k] x [.., k, n]");
  EXPECT_EQ(refusal_of([&] {
              batch_matmul(x, part(y, 0, {2, 2}));
            }),
            "batch_matmul: [2, 1, 2] x [2, 2], expected [.., m, k] x [.., k, n]");
}

TEST(Permute, MovesEveryElementToItsPlace) {
  Tape tape(DType::float32);
  const std::vector<std::vector<int>> orders{{0, 1, 2, 3}, {0, 2, 1, 3}, {3, 2, 1, 0},
                                             {1, 2, 3, 0}, {2, 3, 0, 1}, {0, 1, 3, 2}};
  for (const Shape& shape : {Shape{2, 3, 4, 5}, Shape{1, 19, 1, 33}, Shape{17, 1, 40, 2}}) {
    const Tensor x = Tensor::uninitialized(shape, DType::float32);
    for (std::int64_t i = 0; i < x.size(); ++i) x.set(i, static_cast<double>(i));
    for (const auto& o : orders) {
      const Var y = permute(tape.leaf(x), {o[0], o[1], o[2], o[3]});
      std::int64_t place[4], k = 0;
      for (place[0] = 0; place[0] < y.shape()[0]; ++place[0])
        for (place[1] = 0; place[1] < y.shape()[1]; ++place[1])
          for (place[2] = 0; place[2] < y.shape()[2]; ++place[2])
            for (place[3] = 0; place[3] < y.shape()[3]; ++place[3], ++k) {
              std::int64_t in_x[4], offset = 0;
              for (std::size_t axis = 0; axis < 4; ++axis) in_x[o[axis]] = place[axis];
              for (int axis = 0; axis < 4; ++axis) offset = offset * shape[axis] + in_x[axis];
              ASSERT_EQ(y.value().at(k), static_cast<double>(offset)) << shape.to_string();
            }
    }
  }
  const Tensor x = Tensor::zeros({2, 3}, DType::float32);
  EXPECT_EQ(refusal_of([&] {
              permute(tape.leaf(x), {0, 0});
            }),
            "permute: order (0, 0), expected every axis from 0 on once");
  EXPECT_EQ(refusal_of([&] { permute(tape.leaf(x), {0, 1, 2}); }), "permute: [2, 3] by an order of 3 axes");
}

TEST(StopGradient, LetsValuesThroughAndNoDerivative) {
  Tape tape(DType::float64);
  const Tensor numbers = Tensor::of({3}, {1, 2, 3});
  const Var x = tape.leaf(numbers);
  EXPECT_EQ(stop_gradient(x).value().to_vector(), numbers.to_vector());
  EXPECT_EQ(gradient(sum(stop_gradient(x) * x), {x})[0].to_vector(), numbers.to_vector());
  EXPECT_EQ(gradient(sum(square(stop_gradient(x))), {x})[0].to_vector(), std::vector<double>(3, 0));
}

TEST(Selection, IgnoresWhatIsNotChosen) {
  Tape tape(DType::float64);
  const Tensor c = Tensor::of({3}, {1, 0, -2}), a = Tensor::of({3}, {1, NAN, 3}),
               b = Tensor::of({3}, {INFINITY, 5, NAN});
  const Var x = tape.leaf(a), y = where(tape.leaf(c), x, tape.leaf(b));
  EXPECT_EQ(y.value().to_vector(), (std::vector<double>{1, 5, 3}));
  EXPECT_EQ(gradient(sum(square(y)), {x})[0].to_vector(), (std::vector<double>{2, 0, 6}));
}

TEST(CumulativeSum, HasTheFourKinds) {
  Tape tape(DType::float64);
  const Tensor numbers = Tensor::of({3}, {1, 2, 4});
  const Var x = tape.leaf(numbers);
  EXPECT_EQ(cumulative_sum(x, 0).value().to_vector(), (std::vector<double>{1, 3, 7}));
  EXPECT_EQ(cumulative_sum(x, 0, true).value().to_vector(), (std::vector<double>{7, 6, 4}));
  EXPECT_EQ(cumulative_sum(x, 0, false, true).value().to_vector(), (std::vector<double>{0, 1, 3}));
  EXPECT_EQ(cumulative_sum(x, 0, true, true).value().to_vector(), (std::vector<double>{6, 4, 0}));
  EXPECT_EQ(refusal_of([&] { cumulative_sum(x, 1); }), "cumulative_sum: axis 1 of [3]");
}

TEST(Reverse, TurnsAnAxisAround) {
  Tape tape(DType::float64);
  const Tensor numbers = Tensor::of({2, 3}, {1, 2, 3, 4, 5, 6});
  const Var x = tape.leaf(numbers);
  EXPECT_EQ(reverse(x, 0).value().to_vector(), (std::vector<double>{4, 5, 6, 1, 2, 3}));
  EXPECT_EQ(reverse(x, -1).value().to_vector(), (std::vector<double>{3, 2, 1, 6, 5, 4}));
  EXPECT_EQ(refusal_of([&] { reverse(x, 2); }), "reverse: axis 2 of [2, 3]");
}

TEST(Part, IsAViewAndStaysInside) {
  Tape tape(DType::float64);
  const Tensor numbers = Tensor::of({2, 3}, {1, 2, 3, 4, 5, 6});
  const Var x = tape.leaf(numbers);
  EXPECT_EQ(part(x, 3, {3}).value().raw(), numbers.rows(1, 1).raw());
  EXPECT_EQ(put_part(part(x, 1, {2}), 2, {5}).value().to_vector(), (std::vector<double>{0, 0, 2, 3, 0}));
  EXPECT_EQ(refusal_of([&] { part(x, 4, {3}); }), "part: elements [4, 7) of [2, 3]");
  EXPECT_EQ(refusal_of([&] { put_part(x, 1, {6}); }), "put_part: [2, 3] from element 1 on does not fit into [6]");
}

}  // namespace
}  // namespace gradus
