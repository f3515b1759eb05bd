// What every objective promises, whatever its formula.
#include "optim/objective.h"

#include <gtest/gtest.h>

#include "optim/state.h"
#include "tests/optim/bowl.h"
#include "tests/optim/problems.h"
#include "tests/support/throws.h"

namespace gradus::optim {
namespace {

TEST(Objective, ComputesOnTheFirstRequestOnly) {
  Bowl bowl(2);
  const Tensor theta = Tensor::of({2}, {3, 4});
  bowl.move_to(theta);
  EXPECT_EQ(bowl.values_computed + bowl.gradients_computed, 0);
  EXPECT_EQ(bowl.value(), 12.5);
  EXPECT_EQ(bowl.value(), 12.5);
  EXPECT_EQ(bowl.values_computed, 1);
  EXPECT_EQ(bowl.gradient().to_vector(), (Vector{3, 4}));
  EXPECT_EQ(bowl.gradient().to_vector(), (Vector{3, 4}));
  EXPECT_EQ(bowl.gradients_computed, 1);

  bowl.move_to(Tensor::of({2}, {6, 8}));  // forgets
  EXPECT_EQ(bowl.gradient().to_vector(), (Vector{6, 8}));
  EXPECT_EQ(bowl.value(), 50);  // known from the gradient
  EXPECT_EQ(bowl.values_computed, 1);
  EXPECT_EQ(bowl.gradients_computed, 2);

  EXPECT_EQ(bowl.costs().values, 1);
  EXPECT_EQ(bowl.costs().gradients, 2);
  EXPECT_EQ(bowl.costs().examples, 3 * 32);
}

TEST(Objective, RefersToTheVectorAndForgetsWhenTold) {
  Bowl bowl(2);
  const Tensor theta = Tensor::of({2}, {3, 4});
  bowl.move_to(theta);
  EXPECT_EQ(bowl.value(), 12.5);
  theta.set(0, 0);
  EXPECT_EQ(bowl.value(), 12.5);
  bowl.invalidate();
  EXPECT_EQ(bowl.value(), 8);
  EXPECT_EQ(bowl.gradient().to_vector(), (Vector{0, 4}));
  theta.set(1, 2);
  bowl.move_to(theta);  // the same vector is another point too
  EXPECT_EQ(bowl.gradient().to_vector(), (Vector{0, 2}));
  EXPECT_EQ(bowl.costs().values, 2);
  EXPECT_EQ(bowl.costs().gradients, 2);
}

TEST(Objective, MeasuresTheTimeOfWhatItComputes) {
  Bowl bowl(2);
  bowl.delay = std::chrono::milliseconds(5);
  bowl.move_to(Tensor::of({2}, {3, 4}));
  EXPECT_EQ(bowl.costs().seconds, 0);
  bowl.value();
  const double after_value = bowl.costs().seconds;
  EXPECT_GE(after_value, 0.005);
  bowl.gradient();
  const double after_gradient = bowl.costs().seconds;
  EXPECT_GE(after_gradient, after_value + 0.005);
  bowl.value(), bowl.gradient();
  EXPECT_EQ(bowl.costs().seconds, after_gradient);
}

TEST(Objective, CannotBeAskedBeforeItHasAPoint) {
  Bowl bowl(2);
  EXPECT_THROW(bowl.value(), std::logic_error);
  EXPECT_THROW(bowl.gradient(), std::logic_error);
  EXPECT_EQ(bowl.costs().values + bowl.costs().gradients + bowl.costs().examples, 0);
}

TEST(Objective, RefusesAPointOfAnotherSizeOrType) {
  Bowl bowl(2);
  const auto moving_to = [&](const Tensor& theta) { return refusal_of([&] { bowl.move_to(theta); }); };
  EXPECT_EQ(moving_to(Tensor::zeros({3}, DType::float64)), "objective: point [3] of float64, expected [2] of float64");
  EXPECT_EQ(moving_to(Tensor::zeros({2}, DType::float32)), "objective: point [2] of float32, expected [2] of float64");
  EXPECT_EQ(moving_to(Tensor::zeros({2, 1}, DType::float64)),
            "objective: point [2, 1] of float64, expected [2] of float64");
  EXPECT_NE(moving_to(Tensor()), "");
  EXPECT_THROW(bowl.value(), std::logic_error);  // none of them was taken
}

// A method that adopts its points goes on with a restored objective as with the old one, and pays as much.
TEST(Objective, GoesOnFromItsMemory) {
  for (const bool data_change : {false, true}) {
    Bowl first(3), second(3);
    const auto optimizer = make_optimizer("lbfgs"), other = make_optimizer("lbfgs");
    const Tensor theta = Tensor::of({3}, {3, -4, 5});
    optimizer->step(first, theta);
    if (data_change) first.invalidate();
    restore_state(second, save_state(first));
    restore_state(*other, save_state(*optimizer));
    const Tensor theta_too = theta.clone();
    EXPECT_EQ(second.costs().gradients, first.costs().gradients);
    optimizer->step(first, theta);
    other->step(second, theta_too);
    EXPECT_EQ(theta_too.to_vector(), theta.to_vector());
    EXPECT_EQ(second.costs().gradients, first.costs().gradients);
    EXPECT_EQ(second.costs().gradient_equivalents, first.costs().gradient_equivalents);
  }
  Bowl bowl(3);
  SavedState saved = save_state(bowl);
  saved.numbers.erase("value");
  EXPECT_EQ(refusal_of([&] { restore_state(bowl, saved); }), "objective state: missing: number value");
}

}  // namespace
}  // namespace gradus::optim
