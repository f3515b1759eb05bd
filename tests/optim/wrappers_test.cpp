// What holds for all wrappers: their order, their names, and what is refused.
#include <gtest/gtest.h>

#include <set>

#include "tests/optim/wrapped.h"

namespace gradus::optim {
namespace {

TEST(Wrappers, DoDifferentThingsInAnotherOrder) {
  const Recipe::Wrapped clip{"clip_by_norm", {{"clip_norm", 0.2}}}, penalty{"l2_penalty", {{"l2", 0.5}}};
  const auto plain = [](bool penalty_is_clipped) {
    return [=](Vector& x, const GradientOf& grad, PlainMomentum& inner, int) {
      Vector g = grad(x);
      const auto add = [&] {
        for (std::size_t i = 0; i < x.size(); ++i) g[i] += 0.5 * x[i];
      };
      if (penalty_is_clipped) add();
      const double n = length_of(g);
      if (n > 0.2)
        for (double& e : g) e *= 0.2 / n;
      if (!penalty_is_clipped) add();
      inner(x, g);
    };
  };
  // The outermost sees the objective first.
  expect_equal({clip, penalty}, plain(false));
  expect_equal({penalty, clip}, plain(true));
}

TEST(Wrappers, HaveNamesAndHyperparametersOfTheirOwn) {
  std::set<std::string> names, hyperparameters;
  for (const Method& m : methods())
    for (const Hyperparameter& h : m.hyperparameters) hyperparameters.insert(h.name);
  for (const WrapperKind& w : wrappers()) {
    EXPECT_TRUE(names.insert(w.name).second) << w.name;
    EXPECT_FALSE(w.source.empty()) << w.name;
    EXPECT_FALSE(w.formula.empty()) << w.name;
    for (const Hyperparameter& h : w.hyperparameters) {
      EXPECT_TRUE(hyperparameters.insert(h.name).second) << h.name << " twice";
      EXPECT_FALSE(h.help.empty()) << h.name;
    }
  }
}

TEST(Wrappers, RefuseWhatMakesNoSense) {
  const auto refusal_of_making = [](std::vector<Recipe::Wrapped> wrapped, std::vector<Group> groups = {}) {
    return refusal_of([&] { make_optimizer({.wrappers = wrapped, .groups = groups}); });
  };
  EXPECT_EQ(refusal_of_making({{"ema"}, {"ema"}}), "wrapper ema: is there twice");
  EXPECT_EQ(refusal_of_making({{"emma"}}).substr(0, 42), "unknown wrapper 'emma': did you mean ema? ");
  EXPECT_EQ(refusal_of_making({{"clip_by_norm", {{"clip_norm", -1.0}}}}),
            "clip_by_norm: clip_norm = -1, expected a finite number > 0");
  EXPECT_EQ(refusal_of_making({{"gradient_accumulation"}, {"sam"}}),
            "wrapper sam: asks for gradients at other points than gradient_accumulation around it: put it outside, "
            "sam+gradient_accumulation");
  EXPECT_EQ(refusal_of_making({{"ema"}, {"gradient_accumulation"}}),
            "wrapper ema: acts at each step of what is inside: put it inside of gradient_accumulation, "
            "gradient_accumulation+ema");
  EXPECT_EQ(refusal_of_making({{"proximal_l1"}}, {{"*", {{"learning_rate", 0.1}}}}),
            "wrapper proximal_l1: uses one learning_rate, which the groups make several");
  EXPECT_EQ(refusal_of([] { parse_wrappers("ema+ema"); }), "wrapper ema: is there twice");
  EXPECT_NE(refusal_of([] { parse_wrappers("ema+"); }), "");
  EXPECT_EQ(parse_wrappers("clip_by_norm+lookahead"), (std::vector<std::string>{"clip_by_norm", "lookahead"}));
  EXPECT_TRUE(parse_wrappers("none").empty());
  for (const Method& m : methods())
    for (const WrapperKind& w : wrappers()) {
      if (m.family != Family::curvature || w.place.around_curvature) continue;
      EXPECT_NE(refusal_of([&] {
                  make_optimizer({.method = m.name, .wrappers = {{w.name}}});
                }).find("does not go with " + m.name),
                std::string::npos)
          << w.name;
    }
}

}  // namespace
}  // namespace gradus::optim
