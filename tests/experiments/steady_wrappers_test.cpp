// Wrappers, schedules and groups allocate nothing in a steady step either.
#include <gtest/gtest.h>

#include "experiments/lab/network_objective.h"
#include "nn/layers.h"
#include "nn/losses.h"
#include "optim/recipe.h"
#include "tests/experiments/allocation_counter.h"

namespace gradus::lab {
namespace {

TEST(SteadyWrappers, AllocateNothing) {
  std::vector<optim::Recipe> recipes;
  for (const optim::WrapperKind& kind : optim::wrappers())
    recipes.push_back({.method = "momentum", .wrappers = {{kind.name}}});
  recipes.push_back(
      {.method = "adam",
       .wrappers = {{"sam"}, {"clip_by_norm"}, {"l2_penalty", {{"l2_exclude", "bias"}}}, {"lookahead"}, {"ema"}},
       .schedules = {{"learning_rate", "cosine"}, {"beta1", "sutskever_momentum"}, {"l2", "plateau"}}});
  recipes.push_back({.method = "adam", .groups = optim::parse_groups("@bias learning_rate=0.1; 0.* beta1=0.8")});
  for (const optim::Recipe& recipe : recipes)
    for (const DType type : {DType::float32, DType::float64}) {
      NetworkObjective objective(nn::Sequential{nn::Linear{10, 16}, nn::Tanh{}, nn::Linear{16, 3}}, nn::cross_entropy,
                                 type, RandomStream(1));
      const auto optimizer = optim::make_optimizer(recipe);
      const Tensor theta = objective.parameters().initial(type, RandomStream(2));
      const Batch batch{Tensor::full({8, 10}, 0.5, type), Tensor::zeros({8}, DType::int32)};
      const auto step = [&] {
        objective.set_batch(batch);
        optimizer->step(objective, theta);
      };
      for (int i = 0; i < 12; ++i) step();
      const Allocations before = allocations();
      for (int i = 0; i < 20; ++i) step();
      EXPECT_EQ(allocations().ours - before.ours, 0) << optim::signature(recipe) << " " << name_of(type);
    }
}

}  // namespace
}  // namespace gradus::lab
