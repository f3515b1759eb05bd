// What methods and wrappers draw is of the random stream that they are made with, and of nothing else.
#include <gtest/gtest.h>

#include "optim/recipe.h"
#include "tests/optim/dense_objective.h"

namespace gradus::optim {
namespace {

// (x0 + x1)^2 + x0^4 and more of the kind: the diagonal of its Hessian is not what random signs find in one product.
Vector end_of(const Recipe& recipe) {
  const auto value = [](const Vector& x, Vector& g) {
    const double s = x[0] + x[1] - x[2];
    g = {2 * s + x[0], 2 * s + 3 * x[1], -2 * s + x[2]};
    return s * s + 0.5 * x[0] * x[0] + 1.5 * x[1] * x[1] + 0.5 * x[2] * x[2];
  };
  const auto hessian = [](const Vector&) { return Vector{3, 2, -2, 2, 5, -2, -2, -2, 3}; };
  DenseObjective objective(value, 3, hessian);
  objective.sampled = [](std::uint64_t key) {
    RandomStream random(key);
    return Vector{random.normal(), random.normal(), random.normal()};
  };
  const auto optimizer = make_optimizer(recipe);
  const Tensor theta = Tensor::of({3}, {1, -2, 0.5});
  for (int t = 0; t < 5; ++t) optimizer->step(objective, theta);
  return theta.to_vector();
}

TEST(Randomness, IsOfTheStream) {
  const std::vector<Recipe> recipes = {
      {.method = "adahessian"},
      {.method = "sophia", .values = {{"learning_rate", 0.01}, {"clip", 1000}, {"estimator", "hutchinson"}}},
      {.method = "newton_cg", .values = {{"preconditioner", "jacobi"}, {"max_inner_iterations", 1}}},
      {.method = "sgd", .wrappers = {{"gradient_noise"}}},
      {.method = "sgd", .wrappers = {{"parameter_noise"}}},
  };
  for (Recipe recipe : recipes) {
    SCOPED_TRACE(signature(recipe));
    recipe.stream = RandomStream(1, "optimizer");
    const Vector one = end_of(recipe);
    EXPECT_EQ(one, end_of(recipe));
    recipe.stream = RandomStream(2, "optimizer");
    EXPECT_NE(one, end_of(recipe));
  }
}

}  // namespace
}  // namespace gradus::optim
