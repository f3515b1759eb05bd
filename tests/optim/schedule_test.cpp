// Schedules against their formulas, and what they do to a running optimizer.
#include "optim/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <set>

#include "tests/optim/recipes.h"

namespace gradus::optim {
namespace {

constexpr double pi = std::numbers::pi;

double at(const std::string& name, const NamedValues& values, std::int64_t step, double base = 2) {
  return Schedule(name, values).at(step, base);
}

TEST(Schedules, FollowTheirFormulas) {
  for (int t = 0; t < 300; ++t) {
    SCOPED_TRACE(t);
    EXPECT_EQ(at("constant", {}, t), 2);
    EXPECT_NEAR(at("step", {{"every", 30}, {"factor", 0.5}}, t), 2 * std::pow(0.5, t / 30), 1e-15);
    EXPECT_NEAR(at("exponential", {{"factor", 0.99}}, t), 2 * std::pow(0.99, t), 1e-15);
    const double left = t < 200 ? 1 - t / 200.0 : 0;
    EXPECT_NEAR(at("polynomial", {{"steps", 200}, {"power", 2}, {"final_factor", 0.1}}, t),
                2 * (0.1 + 0.9 * left * left), 1e-14);
    const double half = t < 200 ? (1 + std::cos(pi * t / 200)) / 2 : 0;
    EXPECT_NEAR(at("cosine", {{"steps", 200}, {"final_factor", 0.1}}, t), 2 * (0.1 + 0.9 * half), 1e-14);
    EXPECT_NEAR(at("cosine", {{"steps", 70}, {"restarts", 1}}, t), 1 + std::cos(pi * (t % 70) / 70), 1e-13);
    // Cycles of 10, 20, 40, 80, 160 steps.
    int start = 0, length = 10;
    while (t >= start + length) {
      start += length;
      length *= 2;
    }
    EXPECT_NEAR(at("cosine", {{"steps", 10}, {"restarts", 1}, {"cycle_growth", 2}}, t),
                1 + std::cos(pi * (t - start) / length), 1e-12);
    const double stable = t < 150 ? 1 : t < 200 ? 1 - (t - 150) / 50.0 : 0;
    EXPECT_NEAR(at("warmup_stable_decay", {{"steps", 200}, {"decay_steps", 50}}, t), 2 * stable, 1e-14);
    EXPECT_NEAR(at("inverse_sqrt", {{"offset", 50}}, t), 2 / std::sqrt(1 + t / 50.0), 1e-14);
    EXPECT_NEAR(at("sutskever_momentum", {{"every", 25}}, t, 0.95),
                std::min(1 - std::pow(2, -1 - std::log2(t / 25 + 1)), 0.95), 1e-15);
  }
  // 0.5, 0.75, 0.8333, ..., as in the paper's figure.
  EXPECT_EQ(at("sutskever_momentum", {}, 0, 0.99), 0.5);
  EXPECT_EQ(at("sutskever_momentum", {}, 250, 0.99), 0.75);
  EXPECT_EQ(at("sutskever_momentum", {}, 1000000, 0.99), 0.99);
}

TEST(Schedules, RiseAndFallInOneCycle) {
  const NamedValues cycle{{"steps", 101}, {"rise", 0.3}, {"start_factor", 0.1}, {"final_factor", 0.01}};
  EXPECT_NEAR(at("one_cycle", cycle, 0), 0.2, 1e-15);
  EXPECT_NEAR(at("one_cycle", cycle, 15), 2 * (0.1 + 0.9 / 2), 1e-14);
  EXPECT_NEAR(at("one_cycle", cycle, 30), 2, 1e-15);
  EXPECT_NEAR(at("one_cycle", cycle, 65), 2 * (0.01 + 0.99 / 2), 1e-14);
  EXPECT_NEAR(at("one_cycle", cycle, 100), 0.02, 1e-15);
  EXPECT_NEAR(at("one_cycle", cycle, 1000), 0.02, 1e-15);
  EXPECT_EQ(at("one_cycle", {{"steps", 1}, {"rise", 0}}, 0), 2 * 4e-6);
}

TEST(Schedules, WarmUpFirst) {
  const NamedValues linear{{"factor", 0.9}, {"warmup_steps", 4}};
  const NamedValues cosine{{"factor", 0.9}, {"warmup_steps", 4}, {"warmup", "cosine"}};
  const double rises[] = {0.25, 0.5, 0.75, 1};
  for (int t = 0; t < 4; ++t) {
    EXPECT_NEAR(at("exponential", linear, t), 2 * rises[t], 1e-15);
    EXPECT_NEAR(at("exponential", cosine, t), 1 - std::cos(pi * rises[t]), 1e-15);
  }
  for (int t = 4; t < 9; ++t) EXPECT_NEAR(at("exponential", linear, t), 2 * std::pow(0.9, t - 4), 1e-15);
}

TEST(Schedules, SetTheHyperparameterBeforeEachStep) {
  const Problem problem = quadratic();
  Vector x = problem.start, v(x.size()), g(x.size());
  for (int t = 0; t < 40; ++t) {
    problem.function(x, g);
    const double rate = 0.1 * (1 + std::cos(pi * std::min(t / 30.0, 1.0))) / 2,
                 mu = std::min(1 - 0.5 / (t / 5 + 1), 0.8);
    for (std::size_t i = 0; i < x.size(); ++i) {
      v[i] = mu * v[i] + g[i] + 0.3 * std::pow(0.9, t) * x[i];
      x[i] -= rate * v[i];
    }
  }
  const Recipe recipe{.method = "momentum",
                      .values = {{"learning_rate", 0.1}, {"momentum", 0.8}},
                      .wrappers = {{"l2_penalty", {{"l2", 0.3}}}},
                      .schedules = {{"learning_rate", "cosine", {{"steps", 30}}},
                                    {"momentum", "sutskever_momentum", {{"every", 5}}},
                                    {"l2", "exponential", {{"factor", 0.9}}}}};
  EXPECT_LT(difference(run_recipe(recipe, problem, 40), x), 1e-12);
}

TEST(Schedules, ReduceOnAPlateau) {
  const Problem problem = quadratic();
  const auto objective = problem.objective(DType::float64);
  const auto optimizer = make_optimizer(
      {.values = {{"learning_rate", 0.1}},
       .schedules = {{"learning_rate",
                      "plateau",
                      {{"factor", 0.5}, {"patience", 1}, {"threshold", 0.1}, {"smallest_factor", 0.2}}}}});
  const Tensor theta = Tensor::of({objective->size()}, problem.start);
  const auto rate = [&] {
    Vector g(problem.start.size());
    const Vector before = theta.to_vector();
    problem.function(before, g);
    optimizer->step(*objective, theta);
    return (before[0] - theta.at(0)) / g[0];
  };
  const double nan = std::nan("");
  EXPECT_NEAR(rate(), 0.1, 1e-12);
  for (const double loss : {10.0, 8.0, 7.9}) optimizer->observe(loss);  // 7.9 is not 10 % better
  EXPECT_NEAR(rate(), 0.1, 1e-12);
  optimizer->observe(nan);  // the second without progress
  EXPECT_NEAR(rate(), 0.05, 1e-12);
  optimizer->observe(7.0);  // progress
  for (int i = 0; i < 2; ++i) optimizer->observe(7.0);
  EXPECT_NEAR(rate(), 0.025, 1e-12);
  for (int i = 0; i < 10; ++i) optimizer->observe(7.0);
  EXPECT_NEAR(rate(), 0.02, 1e-12);  // no lower
}

TEST(Schedules, ScaleTheValueOfEachGroup) {
  const Problem problem = tanh_network();
  const Recipe recipe{.values = {{"learning_rate", 0.1}},
                      .schedules = {{"learning_rate", "step", {{"every", 1}, {"factor", 0.5}}}}};
  Recipe grouped = recipe;
  grouped.groups = {{"*", {{"learning_rate", 0.1}}}};
  EXPECT_EQ(run_recipe(grouped, problem, 5), run_recipe(recipe, problem, 5));
}

TEST(Schedules, RefuseWhatDoesNotExist) {
  const auto refusal_of_making = [](std::vector<Recipe::Scheduling> schedules) {
    return refusal_of([&] { make_optimizer({.method = "adam", .schedules = schedules}); });
  };
  EXPECT_EQ(
      refusal_of_making({{"learning_rte", "cosine"}}),
      "schedule of 'learning_rte': did you mean learning_rate? expected one of learning_rate, beta1, beta2, epsilon");
  EXPECT_NE(refusal_of_making({{"amsgrad", "cosine"}}), "");  // a flag
  EXPECT_NE(refusal_of_making({{"learning_rate", "cosine"}, {"learning_rate", "step"}}), "");
  EXPECT_EQ(refusal_of_making({{"learning_rate", "cosin"}}).substr(0, 53),
            "unknown schedule 'cosin': did you mean cosine? expect");
  EXPECT_EQ(refusal_of_making({{"learning_rate", "cosine", {{"steps", 0}}}}),
            "schedule cosine: steps = 0, expected a whole number >= 1");
  // Beta 1 may not grow to 1.
  const Recipe growing{.method = "adam",
                       .schedules = {{"beta1", "polynomial", {{"steps", 10}, {"final_factor", 1.2}}}}};
  EXPECT_EQ(refusal_of([&] { run_recipe(growing, quadratic(), 9); }),
            "schedule polynomial: at step 6 beta1 = 1.008, expected 0 <= beta1 < 1");
  EXPECT_EQ(refusal_of([&] { make_optimizer(growing)->check_steps(6); }), "");
  EXPECT_EQ(refusal_of([&] { make_optimizer(growing)->check_steps(7); }),
            "schedule polynomial: at step 6 beta1 = 1.008, expected 0 <= beta1 < 1");
  // What is > 0 must not end at 0 in float32 either, where the smallest number is a larger one.
  const Recipe vanishing{
      .method = "adam", .schedules = {{"epsilon", "exponential", {{"factor", 1e-3}}}}, .dtype = DType::float32};
  for (const double theta : run_recipe(vanishing, quadratic(), 200, DType::float32)) EXPECT_TRUE(std::isfinite(theta));
  // A rate may end at 0: nothing moves then.
  const Recipe falling{.schedules = {{"learning_rate", "polynomial", {{"steps", 3}}}}};
  EXPECT_EQ(run_recipe(falling, quadratic(), 3), run_recipe(falling, quadratic(), 9));
}

TEST(Schedules, HaveOptionNamesThatAreFree) {
  std::set<std::string> numbers, of_wrappers;
  for (const WrapperKind& w : wrappers())
    for (const Hyperparameter& h : w.hyperparameters) of_wrappers.insert(h.name);
  for (const ScheduleKind& s : schedules())
    for (const Hyperparameter& h : s.hyperparameters) numbers.insert(h.name);
  for (const Method& m : methods()) {
    std::set<std::string> names = of_wrappers;
    for (const Hyperparameter& h : m.hyperparameters) names.insert(h.name);
    for (const std::string& h : names)
      for (const std::string& n : numbers) EXPECT_FALSE(names.contains(h + "_" + n)) << m.name << ": " << h << " " << n;
  }
}

}  // namespace
}  // namespace gradus::optim
