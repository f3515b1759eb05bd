// State that is saved and put back continues with the same bits.
#include "optim/state.h"

#include <gtest/gtest.h>

#include "tests/optim/recipes.h"

namespace gradus::optim {
namespace {

std::vector<Recipe> recipes_of(const Method& m) {
  const std::string rate = schedulable(m).name;
  std::vector<Recipe> recipes{
      {.method = m.name},
      {.method = m.name, .wrappers = {{"l2_penalty"}, {"ema"}, {"swa"}}},
      {.method = m.name,
       .wrappers = {{"l2_penalty"}, {"lookahead", {{"lookahead_steps", 3}}}},
       .schedules = {{rate, "cosine", {{"steps", 10}, {"warmup_steps", 3}}}, {"l2", "exponential"}}},
      {.method = m.name, .schedules = {{rate, "plateau", {{"patience", 0}, {"factor", 0.5}}}}}};
  if (m.family != Family::curvature) {
    recipes.push_back({.method = m.name,
                       .wrappers = {{"gradient_noise"}, {"clip_by_norm"}, {"parameter_noise"}},
                       .stream = RandomStream(3)});
    recipes.push_back({.method = m.name,
                       .wrappers = {{"sam"},
                                    {"gradient_accumulation", {{"accumulation_steps", 4}}},
                                    {"decoupled_weight_decay"},
                                    {"proximal_l1"}}});
    recipes.push_back({.method = m.name, .groups = {{"*", {{rate, 0.01}}}}});
  }
  return recipes;
}

TEST(State, ContinuesWithTheSameBits) {
  int compared = 0;
  for (const Method& m : methods())
    for (const Recipe& recipe : recipes_of(m))
      for (const DType type : {DType::float32, DType::float64}) {
        SCOPED_TRACE(signature(recipe) + " " + name_of(type));
        const auto objective = tanh_network().objective(type);
        const Tensor theta = Tensor::of({objective->size()}, tanh_network().start, type);
        const auto optimizer = make_optimizer(recipe);
        const auto train = [&](Optimizer& o, const Tensor& x) {
          for (int t = 0; t < 6; ++t) {
            o.step(*objective, x);
            if (t % 3 == 1) o.observe(1);  // no progress
          }
        };
        try {
          train(*optimizer, theta);
        } catch (const std::invalid_argument& error) {
          // The problem has no products.
          ASSERT_EQ(m.family, Family::curvature) << error.what();
          continue;
        }
        const Tensor other_theta = theta.clone();
        const auto other = make_optimizer(recipe);
        restore_state(*other, save_state(*optimizer));
        train(*optimizer, theta);
        train(*other, other_theta);
        EXPECT_EQ(other_theta.to_vector(), theta.to_vector());
        EXPECT_EQ(other->evaluation_point(other_theta).to_vector(), optimizer->evaluation_point(theta).to_vector());
        ++compared;
      }
  EXPECT_GE(compared, 8 * 7 * 2);
}

// Each wrapper around methods of each kind that it goes with, on another objective that is restored as well.
// If the combination makes sense.
std::unique_ptr<Optimizer> made(const Recipe& recipe) {
  try {
    return make_optimizer(recipe);
  } catch (const std::invalid_argument&) {
    return nullptr;
  }
}

// With the same bits, and at the same cost: what objective and wrappers know of the point comes back too.
TEST(State, OfEveryWrapperContinuesOnARestoredObjective) {
  int tried = 0;
  for (const Method& m : methods())
    for (const WrapperKind& w : wrappers()) {
      const Recipe recipe{.method = m.name, .wrappers = {{w.name}}, .stream = RandomStream(3)};
      const auto optimizer = made(recipe), other = made(recipe);
      if (!optimizer) continue;
      SCOPED_TRACE(signature(recipe));
      ++tried;
      const auto objective = tanh_network().objective(DType::float64), again = tanh_network().objective(DType::float64);
      const Tensor theta = Tensor::of({objective->size()}, tanh_network().start);
      try {
        optimizer->check(*objective);
      } catch (const std::invalid_argument&) {
        continue;  // it asks for more than this objective offers
      }
      for (int t = 0; t < 7; ++t) optimizer->step(*objective, theta);
      const Tensor other_theta = theta.clone();
      restore_state(*other, save_state(*optimizer));
      restore_state(*again, save_state(*objective));
      const auto memory_of = [](Optimizer& one) {
        return [&one](StateVisitor& visitor) { one.visit_memory(visitor); };
      };
      restore_state("memory", memory_of(*other), save_state(memory_of(*optimizer)));
      for (int t = 0; t < 7; ++t) {
        optimizer->step(*objective, theta);
        other->step(*again, other_theta);
      }
      EXPECT_EQ(other_theta.to_vector(), theta.to_vector());
      EXPECT_EQ(other->evaluation_point(other_theta).to_vector(), optimizer->evaluation_point(theta).to_vector());
      EXPECT_EQ(again->costs().values, objective->costs().values);
      EXPECT_EQ(again->costs().gradients, objective->costs().gradients);
      EXPECT_EQ(again->costs().products, objective->costs().products);
    }
  EXPECT_GT(tried, 300);
}

TEST(State, IsACopy) {
  const auto objective = quadratic().objective(DType::float64);
  const Tensor theta = Tensor::of({objective->size()}, quadratic().start);
  const auto optimizer = make_optimizer("momentum"), other = make_optimizer("momentum");
  optimizer->step(*objective, theta);
  const SavedState saved = save_state(*optimizer);
  const Vector before = saved.tensors.at("velocity").to_vector();
  restore_state(*other, saved);
  optimizer->step(*objective, theta);
  other->step(*objective, theta);
  EXPECT_EQ(saved.tensors.at("velocity").to_vector(), before);
  EXPECT_NE(save_state(*optimizer).tensors.at("velocity").to_vector(), before);
}

TEST(State, OfAnotherOptimizerIsRefusedByName) {
  const auto adam = make_optimizer("adam");
  const SavedState saved = save_state(*make_optimizer("momentum"));
  EXPECT_EQ(
      refusal_of([&] { restore_state(*adam, saved); }),
      "optimizer state: missing: counter step, tensor first_moment, tensor second_moment; not this optimizer's: tensor "
      "velocity");
  SavedState part = save_state(*adam);
  part.counters.erase("step");
  EXPECT_EQ(refusal_of([&] { restore_state(*adam, part); }), "optimizer state: missing: counter step");
  const SavedState wrapped = save_state(*make_optimizer({.method = "adam", .wrappers = {{"ema"}}}));
  EXPECT_EQ(refusal_of([&] { restore_state(*adam, wrapped); }),
            "optimizer state: not this optimizer's: tensor ema.average");
}

TEST(Signature, SaysWhatDecidesOnTheState) {
  EXPECT_EQ(signature({.method = "adam",
                       .values = {{"beta1", 0.5}},
                       .wrappers = {{"gradient_accumulation"}, {"ema"}},
                       .schedules = {{"beta2", "plateau"}},
                       .groups = {{"@bias", {{"epsilon", 1e-3}}}}}),
            "gradient_accumulation(accumulation_steps=4) + ema + adam(amsgrad=0 bias_correction=1); group @bias; "
            "beta2 by plateau");
}

}  // namespace
}  // namespace gradus::optim
