// Groups of parameters with settings of their own.
#include "optim/groups.h"

#include <gtest/gtest.h>

#include <set>

#include "optim/state.h"
#include "tests/optim/recipes.h"

namespace gradus::optim {
namespace {

TEST(Groups, AreWrittenWithSemicolonsAndBlanks) {
  EXPECT_TRUE(parse_groups("").empty());
  EXPECT_TRUE(parse_groups(" ; ").empty());
  EXPECT_EQ(
      parse_groups(" @bias learning-rate=0.1;*.norm.*   weight_decay=0 beta1=8e-1 amsgrad=true mode=exact "),
      (std::vector<Group>{{"@bias", {{"learning_rate", 0.1}}},
                          {"*.norm.*", {{"weight_decay", 0.0}, {"beta1", 0.8}, {"amsgrad", 1.0}, {"mode", "exact"}}}}));
  EXPECT_EQ(refusal_of([] { parse_groups("@bias"); }), "groups: '@bias': expected NAME=VALUE after the selector");
  EXPECT_EQ(refusal_of([] { parse_groups("a x=1; lr=0.1"); }),
            "groups: 'lr=0.1': expected @TAG or a pattern for names, then NAME=VALUE");
  EXPECT_EQ(refusal_of([] { parse_groups("a x"); }), "groups: 'a x': 'x': expected NAME=VALUE");
  EXPECT_EQ(refusal_of([] { parse_groups("a x="); }), "groups: 'a x=': 'x=': expected NAME=VALUE");
  EXPECT_EQ(refusal_of([] { parse_groups("a x=1 x=2"); }), "groups: 'a x=1 x=2': x is given twice");
  EXPECT_EQ(refusal_of([] { parse_groups("a x=1; a y=1"); }), "groups: 'a y=1': this selector is there twice");
  EXPECT_EQ(refusal_of([] { parse_groups("a/b x=1"); }), "groups: 'a/b x=1': a selector has no '/'");
}

TEST(Groups, SelectByNameOrTag) {
  const ParameterSlice slice{"layers.10.norm.weight", {2}, 0, {"norm", "scale"}};
  for (const char* selector :
       {"*", "layers.10.norm.weight", "layers.??.*", "*norm*", "l*s*t", "@norm", "@scale", "**.weight"})
    EXPECT_TRUE(selects(selector, slice)) << selector;
  for (const char* selector : {"", "layers.?.*", "norm", "layers.10.norm", "*.weigh", "@bias", "@nor", "ayers*", "*x*"})
    EXPECT_FALSE(selects(selector, slice)) << selector;
}

// A network's gradient with slices that have names and tags: weights apart from biases.
class Sliced final : public Objective {
 public:
  explicit Sliced(const Problem& problem, DType type = DType::float64) : inner_(problem.objective(type)) {}
  std::int64_t size() const override { return inner_->size(); }
  DType dtype() const override { return inner_->dtype(); }
  const Costs& costs() const override { return inner_->costs(); }
  std::span<const ParameterSlice> slices() const override { return slices_; }

 protected:
  double compute_value(const Tensor& theta) override {
    inner_->move_to(theta);
    return inner_->value();
  }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    inner_->move_to(theta);
    gradient.copy_from(inner_->gradient());
    return inner_->value();
  }

 private:
  std::unique_ptr<Objective> inner_;
  std::vector<ParameterSlice> slices_{{"0.weight", {10, 20}, 0, {}},
                                      {"0.bias", {20}, 200, {"bias"}},
                                      {"2.weight", {20, 5}, 220, {}},
                                      {"2.bias", {5}, 320, {"bias"}}};
};

Vector run(const Recipe& recipe, int steps = 10) {
  Sliced objective(tanh_network());
  const auto optimizer = make_optimizer(recipe);
  const Tensor theta = Tensor::of({objective.size()}, tanh_network().start);
  for (int t = 0; t < steps; ++t) optimizer->step(objective, theta);
  EXPECT_EQ(objective.costs().gradients, steps);  // one gradient for all
  EXPECT_EQ(objective.costs().values, 0);
  return theta.to_vector();
}

TEST(Groups, StepWithTheirOwnSettings) {
  const Problem problem = tanh_network();
  Vector x = problem.start, g(x.size()), v(x.size());
  for (int t = 0; t < 10; ++t) {
    problem.function(x, g);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const bool bias = (i >= 200 && i < 220) || i >= 320, last = i >= 220 && i < 320;
      v[i] = (last ? 0.5 : 0.9) * v[i] + g[i];
      x[i] -= (bias ? 0.3 : 0.01) * v[i];
    }
  }
  EXPECT_LT(difference(run({.method = "momentum",
                            .values = {{"learning_rate", 0.01}},
                            .groups = parse_groups("@bias learning_rate=0.3; 2.* momentum=0.5")}),
                       x),
            1e-13);
}

// Where all groups have the same settings, there might as well be none: for methods that look at numbers or at slices.
TEST(Groups, WithTheSameSettingsChangeNothing) {
  for (const Method& m : methods()) {
    if (m.family != Family::elementwise) continue;
    const Hyperparameter rate = schedulable(m);
    const Recipe plain{.method = m.name};
    Recipe grouped = plain;
    grouped.groups = {{"@bias", {{rate.name, rate.default_value}}}, {"0.*", {{rate.name, rate.default_value}}}};
    EXPECT_EQ(run(grouped), run(plain)) << m.name;
  }
}

TEST(Groups, NameTheirState) {
  Sliced objective(tanh_network());
  const auto optimizer = make_optimizer({.method = "adam", .groups = parse_groups("@bias beta1=0.5")});
  const Tensor theta = Tensor::of({objective.size()}, tanh_network().start);
  optimizer->step(objective, theta);
  const SavedState state = save_state(*optimizer);
  std::set<std::string> names;
  for (const auto& [name, tensor] : state.tensors) names.insert(name + " " + tensor.shape().to_string());
  EXPECT_EQ(names, (std::set<std::string>{"first_moment [300]", "second_moment [300]", "group.@bias.first_moment [25]",
                                          "group.@bias.second_moment [25]"}));
  EXPECT_EQ(state.counters.size(), 2u);
  EXPECT_EQ(optimizer->state_bytes(), 2 * 325 * 8);
}

TEST(Groups, RefuseWhatSelectsNothing) {
  EXPECT_EQ(
      refusal_of([] { run({.groups = parse_groups("@norm learning_rate=0.1")}); }),
      "groups: @norm selects none of the parameters (that no group before it has): 0.weight, 0.bias @bias, 2.weight, "
      "2.bias @bias");
  EXPECT_NE(refusal_of([] { run({.groups = parse_groups("* learning_rate=0.1; 0.* learning_rate=0.2")}); }), "");
  EXPECT_EQ(refusal_of([] { run({.groups = parse_groups("@bias momentum=0.1")}); }),
            "group @bias of sgd: unknown hyperparameter 'momentum': expected one of learning_rate");
  EXPECT_EQ(refusal_of([] { run({.groups = parse_groups("@bias learning_rate=-1")}); }),
            "group @bias of sgd: learning_rate = -1, expected a finite number > 0");
  for (const Method& m : methods()) {
    if (m.family != Family::curvature) continue;
    EXPECT_EQ(refusal_of([&] {
                make_optimizer({.method = m.name, .groups = {{"*", {{schedulable(m).name, 1.0}}}}});
              }),
              "groups: " + m.name + " solves for all parameters at once: it has no groups");
  }
}

TEST(Groups, GiveTheEvaluationPointsOfTheirMethods) {
  for (const Method& m : methods()) {
    if (m.family != Family::elementwise) continue;
    const auto point = [&](std::vector<Group> groups) {
      Sliced objective(tanh_network());
      const auto optimizer = make_optimizer({.method = m.name, .groups = groups});
      const Tensor theta = Tensor::of({objective.size()}, tanh_network().start);
      EXPECT_EQ(optimizer->evaluation_point(theta).to_vector(), theta.to_vector());
      for (int t = 0; t < 4; ++t) optimizer->step(objective, theta);
      return optimizer->evaluation_point(theta).to_vector();
    };
    const Hyperparameter rate = schedulable(m);
    EXPECT_EQ(point({{"@bias", {{rate.name, rate.default_value}}}}), point({})) << m.name;
  }
}

}  // namespace
}  // namespace gradus::optim
