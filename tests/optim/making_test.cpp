// Methods by name: what the list says of them, their defaults, and what is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "optim/recipe.h"
#include "tests/optim/problems.h"
#include "tests/optim/transcriptions/transcriptions.h"
#include "tests/support/throws.h"

namespace gradus::optim {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

std::string refusal_of_making(const std::string& name, const NamedValues& values = {}) {
  return refusal_of([&] { make_optimizer(name, values); });
}

TEST(Methods, AreNamedOnceAndExplained) {
  std::set<std::string> names;
  for (const Method& m : methods()) {
    EXPECT_TRUE(names.insert(m.name).second) << m.name;
    EXPECT_EQ(&method(m.name), &m);
    EXPECT_FALSE(m.source.empty()) << m.name;
    EXPECT_FALSE(m.formula.empty()) << m.name;
    std::set<std::string> of_this;
    for (const Hyperparameter& h : m.hyperparameters) {
      EXPECT_TRUE(of_this.insert(h.name).second) << m.name << ": " << h.name;
      EXPECT_FALSE(h.help.empty()) << m.name << ": " << h.name;
    }
    if (m.family == Family::curvature) continue;  // tests/optim/curvature_methods_test.cpp
    EXPECT_TRUE(of_this.count("learning_rate")) << m.name;
  }
}

TEST(Methods, HaveTheDefaultsThatAreDocumented) {
  for (const Method& m : methods()) {
    if (m.family == Family::curvature) continue;  // tests/optim/curvature_methods_test.cpp
    std::map<std::string, double> found;
    for (const Hyperparameter& h : m.hyperparameters) found[h.name] = h.default_value;
    EXPECT_EQ(found, documented_defaults(m.name)) << m.name;
  }
}

// Theta after some steps on a problem.
Vector end_of(const Problem& problem, const std::string& name, const NamedValues& values, int steps) {
  const auto objective = problem.objective(DType::float64);
  const auto optimizer = make_optimizer(name, values);
  const Tensor theta = Tensor::of({objective->size()}, problem.start);
  for (int t = 0; t < steps; ++t) optimizer->step(*objective, theta);
  return theta.to_vector();
}

TEST(MakeOptimizer, UsesTheDefaultOfWhatIsNotGiven) {
  for (const Method& m : methods()) {
    if (m.family == Family::curvature) continue;  // tests/optim/curvature_methods_test.cpp
    NamedValues all;
    for (const Hyperparameter& h : m.hyperparameters) all.push_back({h.name, h.default_value});
    EXPECT_EQ(end_of(quadratic(), m.name, {}, 20), end_of(quadratic(), m.name, all, 20)) << m.name;
    std::reverse(all.begin(), all.end());  // the order does not matter
    EXPECT_EQ(end_of(quadratic(), m.name, {}, 20), end_of(quadratic(), m.name, all, 20)) << m.name;
  }
}

TEST(MakeOptimizer, TakesAMethodOfTheCallersOwn) {
  auto own = std::make_shared<Method>(method("sgd"));
  own->name = "mine";
  Recipe recipe{.method = "mine", .values = {{"learning_rate", 0.25}}, .wrappers = {{"clip_by_norm"}}};
  EXPECT_EQ(refusal_of([&] { make_optimizer(recipe); }).substr(0, 26), "unknown optimizer 'mine': ");
  recipe.own = own;
  EXPECT_EQ(signature(recipe), "clip_by_norm + mine");
  EXPECT_EQ(*make_optimizer(recipe)->number("learning_rate"), 0.25);
  recipe.values = {{"rate", 1}};
  EXPECT_EQ(refusal_of([&] { make_optimizer(recipe); }).substr(0, 33), "mine: unknown hyperparameter 'rat");
}

TEST(MakeOptimizer, NamesTheMethodsWhereOneIsUnknown) {
  std::string all = "expected one of";
  for (const Method& m : methods()) all += (&m == &methods().front() ? " " : ", ") + m.name;
  EXPECT_EQ(all.substr(0, 42), "expected one of gradient_descent, sgd, mom");
  EXPECT_EQ(refusal_of_making("adm"), "unknown optimizer 'adm': did you mean adam? " + all);
  EXPECT_EQ(refusal_of_making("nestrov"), "unknown optimizer 'nestrov': did you mean nesterov? " + all);
  EXPECT_EQ(refusal_of_making("Adam"), "unknown optimizer 'Adam': did you mean adam? " + all);
  EXPECT_EQ(refusal_of_making("levenberg"), "unknown optimizer 'levenberg': " + all);
  EXPECT_EQ(refusal_of_making("gd"), "unknown optimizer 'gd': did you mean sgd? " + all);
  EXPECT_EQ(refusal_of_making("x"), "unknown optimizer 'x': " + all);
  EXPECT_EQ(refusal_of_making(""), "unknown optimizer '': " + all);
  EXPECT_EQ(refusal_of([] { method("sdg"); }), "unknown optimizer 'sdg': did you mean sgd? " + all);
}

TEST(MakeOptimizer, NamesTheHyperparametersWhereOneIsUnknown) {
  const std::string adam = "expected one of learning_rate, beta1, beta2, epsilon, amsgrad, bias_correction";
  EXPECT_EQ(refusal_of_making("adam", {{"beta_1", 0.9}}),
            "adam: unknown hyperparameter 'beta_1': did you mean beta1? " + adam);
  EXPECT_EQ(refusal_of_making("adam", {{"momentum", 0.9}}), "adam: unknown hyperparameter 'momentum': " + adam);
  EXPECT_EQ(refusal_of_making("sgd", {{"lr", 0.1}}), "sgd: unknown hyperparameter 'lr': expected one of learning_rate");
}

TEST(MakeOptimizer, RefusesValuesOutOfRange) {
  const auto refused = [](const std::string& method, const std::string& name, std::vector<double> values) {
    std::set<std::string> messages;
    for (const double value : values) {
      std::string message = refusal_of_making(method, {{name, value}});
      messages.insert(message.empty() ? std::to_string(value) + " was accepted" : message.substr(message.find(',')));
    }
    return messages;
  };
  using Messages = std::set<std::string>;
  const Messages positive{", expected a finite number > 0"}, non_negative{", expected a finite number >= 0"};
  EXPECT_EQ(refused("sgd", "learning_rate", {0, -1e-3, nan, infinity, -infinity}), positive);
  EXPECT_EQ(refused("adam", "epsilon", {0, -1e-8, nan, infinity}), positive);
  EXPECT_EQ(refused("adam", "beta1", {-0.1, 1, 1.5, nan, infinity}), Messages{", expected 0 <= beta1 < 1"});
  EXPECT_EQ(refused("adam", "amsgrad", {-1, 0.5, 2, nan}), Messages{", expected 0 or 1"});
  EXPECT_EQ(refused("adamw", "weight_decay", {-1e-9, nan, infinity}), non_negative);
  EXPECT_EQ(refused("adagrad", "initial_accumulator", {-1e-9, nan, infinity}), non_negative);
  EXPECT_EQ(refusal_of_making("momentum", {{"momentum", 1}}), "momentum: momentum = 1, expected 0 <= momentum < 1");
  EXPECT_EQ(refusal_of_making("sgd", {{"learning_rate", nan}}),
            "sgd: learning_rate = nan, expected a finite number > 0");

  // Every hyperparameter of every method has a range, whose ends are kept and beyond which nothing is taken.
  for (const Method& m : methods())
    for (const Hyperparameter& h : m.hyperparameters) {
      const auto taken = [&](double value) {
        NamedValues values{{h.name, value}};
        if (h.name == "smallest_step") values.push_back({"largest_step", std::numeric_limits<double>::max()});
        if (h.name == "largest_step") values.push_back({"smallest_step", std::numeric_limits<double>::min()});
        return refusal_of_making(m.name, values).empty();
      };
      SCOPED_TRACE(m.name + ": " + h.name);
      EXPECT_TRUE(taken(h.default_value) && taken(h.low));
      EXPECT_EQ(taken(h.high), !h.high_open);
      EXPECT_TRUE(taken(h.high_open ? std::nextafter(h.high, 0) : h.high));
      EXPECT_FALSE(taken(std::nextafter(h.low, -1)));
      EXPECT_FALSE(taken(nan) || taken(infinity) || taken(-infinity));
    }
}

TEST(MakeOptimizer, RefusesValuesThatLeaveTheirRangeInTheParametersType) {
  const auto error_in = [](DType dtype, const NamedValues& values, const std::vector<Recipe::Wrapped>& wrappers = {},
                           const std::vector<Group>& groups = {}) {
    return refusal_of([&] {
      make_optimizer({.method = "adam", .values = values, .wrappers = wrappers, .groups = groups, .dtype = dtype});
    });
  };
  EXPECT_EQ(error_in(DType::float32, {{"epsilon", 1e-300}}),
            "adam: epsilon = 1e-300 (0 in float32), expected a finite number > 0");
  EXPECT_EQ(error_in(DType::float32, {{"learning_rate", 1e39}}),
            "adam: learning_rate = 1e+39 (inf in float32), expected a finite number > 0");
  EXPECT_EQ(error_in(DType::float32, {{"beta2", 1 - 1e-9}}), "adam: beta2 = 1 (1 in float32), expected 0 <= beta2 < 1");
  EXPECT_EQ(error_in(DType::float32, {}, {{"clip_by_norm", {{"clip_norm", 1e-300}}}}),
            "clip_by_norm: clip_norm = 1e-300 (0 in float32), expected a finite number > 0");
  EXPECT_EQ(error_in(DType::float32, {}, {}, {{"@bias", {{"epsilon", 1e-300}}}}),
            "group @bias of adam: epsilon = 1e-300 (0 in float32), expected a finite number > 0");
  EXPECT_EQ(error_in(DType::float64, {{"epsilon", 1e-300}, {"learning_rate", 1e39}, {"beta2", 1 - 1e-9}}), "");

  // In float32, too, the ends of every range are kept, and beyond them nothing is taken.
  const auto expect_range = [](const Hyperparameter& h) {
    SCOPED_TRACE(h.name);
    EXPECT_TRUE(h.allows(h.default_value, settings::Precision::float32));
    if (!h.can_be_scheduled()) return;
    EXPECT_TRUE(h.allows(std::max(h.low, h.least(settings::Precision::float32)), settings::Precision::float32));
    const float below = std::nextafter(static_cast<float>(h.least(settings::Precision::float32)), -1.0F);
    EXPECT_FALSE(h.allows(below, settings::Precision::float32)) << below;
    EXPECT_FALSE(h.allows(h.high_open ? std::nextafter(h.high, 0) : 1e300, settings::Precision::float32));
  };
  for (const Method& m : methods())
    for (const Hyperparameter& h : m.hyperparameters) expect_range(h);
  for (const WrapperKind& w : wrappers())
    for (const Hyperparameter& h : w.hyperparameters) expect_range(h);
}

TEST(MakeOptimizer, SaysWhatHasReplacedAHyperparameter) {
  const std::string rule =
      " is no longer an option: it follows the run's --seed, in C++ the stream that the method is made with";
  EXPECT_EQ(refusal_of_making("kfac", {{"label_seed", 1}}), "kfac: label_seed" + rule);
  EXPECT_EQ(refusal_of_making("sophia", {{"probe_seed", 1}}), "sophia: probe_seed" + rule);
  EXPECT_EQ(refusal_of_making("newton_cg", {{"seed", 1}}), "newton_cg: seed" + rule);
}

TEST(MakeOptimizer, RefusesValuesThatContradictEachOther) {
  EXPECT_EQ(refusal_of_making("rprop", {{"smallest_step", 2}, {"largest_step", 1}}),
            "rprop: smallest_step = 2, expected at most largest_step = 1");
  EXPECT_EQ(refusal_of_making("rprop", {{"smallest_step", 1}, {"largest_step", 1}}), "");
  EXPECT_EQ(refusal_of_making("rprop", {{"increase", 1}}), "rprop: increase = 1, expected a finite number > 1");
  EXPECT_EQ(refusal_of_making("rprop", {{"decrease", 0}}), "rprop: decrease = 0, expected 0 < decrease < 1");
}

}  // namespace
}  // namespace gradus::optim
