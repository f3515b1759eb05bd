// Each wrapper against a computation by hand, in plain loops.
#include "optim/wrapper.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "autodiff/tensor/random.h"
#include "optim/recipe.h"
#include "tests/optim/problems.h"
#include "tests/optim/recipes.h"

namespace gradus::optim {
namespace {

double length_of(const Vector& x) {
  double sum = 0;
  for (const double e : x) sum += e * e;
  return std::sqrt(sum);
}

// Polyak's momentum, the inner method of these tests, by hand: v = 0.9 v + g, x -= 0.02 v.
const NamedValues momentum_values{{"learning_rate", 0.02}, {"momentum", 0.9}};
struct PlainMomentum {
  Vector v;
  void operator()(Vector& x, const Vector& g) {
    v.resize(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      v[i] = 0.9 * v[i] + g[i];
      x[i] -= 0.02 * v[i];
    }
  }
};

using GradientOf = std::function<Vector(const Vector&)>;
// One step by hand: (theta, gradient of the problem, inner step, number of the step from 0)
using PlainStep = std::function<void(Vector&, const GradientOf&, PlainMomentum&, int)>;

void expect_equal(const std::vector<Recipe::Wrapped>& wrapped, const PlainStep& plain, int steps = 25) {
  for (const Problem& problem : {quadratic(), tanh_network()}) {
    SCOPED_TRACE(problem.name);
    const auto objective = problem.objective(DType::float64);
    const auto optimizer = make_optimizer(
        {.method = "momentum", .values = momentum_values, .wrappers = wrapped, .stream = RandomStream(5)});
    const Tensor theta = Tensor::of({objective->size()}, problem.start);
    Vector x = problem.start;
    PlainMomentum inner;
    const GradientOf gradient = [&](const Vector& at) {
      Vector g(at.size());
      problem.function(at, g);
      return g;
    };
    for (int t = 0; t < steps; ++t) {
      optimizer->step(*objective, theta);
      plain(x, gradient, inner, t);
    }
    EXPECT_LT(difference(theta.to_vector(), x), 1e-11);
    EXPECT_GT(difference(x, problem.start), 1e-3);
  }
}

TEST(Wrappers, ClipTheNormOfTheWholeGradient) {
  expect_equal({{"clip_by_norm", {{"clip_norm", 0.3}}}},
               [](Vector& x, const GradientOf& grad, PlainMomentum& inner, int) {
                 Vector g = grad(x);
                 const double n = length_of(g);
                 if (n > 0.3)
                   for (double& e : g) e *= 0.3 / n;
                 inner(x, g);
               });
}

TEST(Wrappers, ClipEachElement) {
  expect_equal({{"clip_by_value", {{"clip_value", 0.05}}}},
               [](Vector& x, const GradientOf& grad, PlainMomentum& inner, int) {
                 Vector g = grad(x);
                 for (double& e : g) e = std::max(-0.05, std::min(0.05, e));
                 inner(x, g);
               });
}

// Liang, Chen, Liu & Liu (2024), Algorithm 1, slice by slice.
TEST(Wrappers, MoveOnlyWhatGoesDownTheGradientOfNow) {
  for (const Problem& problem : {quadratic(), shaped_quadratic(), tanh_network()}) {
    SCOPED_TRACE(problem.name);
    const auto objective = problem.objective(DType::float64);
    const auto optimizer = make_optimizer(
        {.method = "momentum", .values = momentum_values, .wrappers = {{"cautious", {{"cautious_extra", 0.5}}}}});
    const Tensor theta = Tensor::of({objective->size()}, problem.start);
    Vector x = problem.start, v(x.size()), g(x.size());
    bool any_stays = false;
    for (int t = 0; t < 25; ++t) {
      optimizer->step(*objective, theta);
      EXPECT_EQ(objective->costs().gradients, t + 1);
      problem.function(x, g);
      for (std::size_t i = 0; i < x.size(); ++i) v[i] = 0.9 * v[i] + g[i];
      for (const Slice& slice : problem.slices) {
        const auto first = static_cast<std::size_t>(slice.offset), end = first + static_cast<std::size_t>(slice.size());
        double down = 0;
        for (std::size_t i = first; i < end; ++i) down += v[i] * g[i] > 0 ? 1 : 0;
        any_stays = any_stays || down < static_cast<double>(slice.size());
        for (std::size_t i = first; i < end; ++i)
          if (v[i] * g[i] > 0) x[i] -= 0.02 * v[i] * static_cast<double>(slice.size()) / (down + 0.5);
      }
    }
    EXPECT_TRUE(any_stays);
    EXPECT_LT(difference(theta.to_vector(), x), 1e-10);
  }
}

TEST(Wrappers, AddPenaltiesToTheGradient) {
  expect_equal({{"l2_penalty", {{"l2", 0.3}}}}, [](Vector& x, const GradientOf& grad, PlainMomentum& inner, int) {
    Vector g = grad(x);
    for (std::size_t i = 0; i < x.size(); ++i) g[i] += 0.3 * x[i];
    inner(x, g);
  });
  expect_equal({{"l1_penalty", {{"l1", 0.01}}}}, [](Vector& x, const GradientOf& grad, PlainMomentum& inner, int) {
    Vector g = grad(x);
    for (std::size_t i = 0; i < x.size(); ++i) g[i] += x[i] > 0 ? 0.01 : x[i] < 0 ? -0.01 : 0;
    inner(x, g);
  });
}

TEST(Wrappers, ThresholdSoftlyAfterTheStep) {
  for (const double rate : {0.0, 0.5})  // 0: the method's
    expect_equal({{"proximal_l1", {{"proximal_l1", 0.1}, {"proximal_rate", rate}}}},
                 [rate](Vector& x, const GradientOf& grad, PlainMomentum& inner, int) {
                   inner(x, grad(x));
                   const double threshold = 0.1 * (rate > 0 ? rate : 0.02);
                   for (double& e : x) e = std::copysign(std::max(0.0, std::abs(e) - threshold), e);
                 });
}

TEST(Wrappers, DecayWeightsByTheRateApartFromTheGradient) {
  expect_equal({{"decoupled_weight_decay", {{"decoupled_weight_decay", 2.0}}}},
               [](Vector& x, const GradientOf& grad, PlainMomentum& inner, int) {
                 const Vector before = x;
                 inner(x, grad(x));
                 for (std::size_t i = 0; i < x.size(); ++i) x[i] -= 0.02 * 2.0 * before[i];
               });
}

// AdamW is Adam with this wrapper around it.
TEST(Wrappers, DecayAroundAdamIsAdamW) {
  const Problem problem = tanh_network();
  const auto end = [&](const Recipe& recipe) { return run_recipe(recipe, problem, 30); };
  EXPECT_LT(
      difference(end({.method = "adamw", .values = {{"weight_decay", 0.3}}}),
                 end({.method = "adam", .wrappers = {{"decoupled_weight_decay", {{"decoupled_weight_decay", 0.3}}}}})),
      1e-13);
}

TEST(Wrappers, TakeTheGradientWhereTheLossIsWorse) {
  expect_equal({{"sam", {{"sam_radius", 0.2}}}}, [](Vector& x, const GradientOf& grad, PlainMomentum& inner, int) {
    const Vector g = grad(x);
    const double n = length_of(g);
    Vector worse = x;
    for (std::size_t i = 0; i < x.size(); ++i) worse[i] += 0.2 * g[i] / n;
    inner(x, grad(worse));
  });
  expect_equal({{"asam", {{"asam_radius", 0.2}, {"asam_eta", 0.03}}}},
               [](Vector& x, const GradientOf& grad, PlainMomentum& inner, int) {
                 const Vector g = grad(x);
                 Vector scaled = g, worse = x;
                 for (std::size_t i = 0; i < x.size(); ++i) scaled[i] *= std::abs(x[i]) + 0.03;
                 const double n = length_of(scaled);
                 for (std::size_t i = 0; i < x.size(); ++i) worse[i] += 0.2 * (std::abs(x[i]) + 0.03) * scaled[i] / n;
                 inner(x, grad(worse));
               });
}

TEST(Wrappers, LookAheadAndGoPartOfTheWay) {
  Vector slow;
  expect_equal({{"lookahead", {{"lookahead_steps", 4}, {"lookahead_rate", 0.3}}}},
               [&](Vector& x, const GradientOf& grad, PlainMomentum& inner, int t) {
                 if (t == 0) slow = x;
                 inner(x, grad(x));
                 if (t % 4 != 3) return;
                 for (std::size_t i = 0; i < x.size(); ++i) slow[i] = x[i] = 0.7 * slow[i] + 0.3 * x[i];
               });
}

TEST(Wrappers, AverageThePointsForEvaluationOnly) {
  const Problem problem = quadratic();
  const auto objective = problem.objective(DType::float64);
  const auto ema = make_optimizer({.values = {{"learning_rate", 0.1}}, .wrappers = {{"ema", {{"ema_decay", 0.8}}}}});
  const auto swa =
      make_optimizer({.values = {{"learning_rate", 0.1}}, .wrappers = {{"swa", {{"swa_start", 3}, {"swa_every", 2}}}}});
  const Tensor a = Tensor::of({objective->size()}, problem.start), b = a.clone();
  Vector x = problem.start, mean, sum(x.size()), g(x.size());
  int points = 0;
  EXPECT_EQ(ema->evaluation_point(a).raw(), a.raw());
  for (int t = 1; t <= 12; ++t) {
    ema->step(*objective, a);
    swa->step(*objective, b);
    problem.function(x, g);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] -= 0.1 * g[i];
    if (t == 1)
      mean = x;
    else
      for (std::size_t i = 0; i < x.size(); ++i) mean[i] = 0.8 * mean[i] + 0.2 * x[i];
    if (t > 3 && (t - 3) % 2 == 0) {
      ++points;
      for (std::size_t i = 0; i < x.size(); ++i) sum[i] += x[i];
    }
    EXPECT_LT(difference(a.to_vector(), x), 1e-13);
    EXPECT_LT(difference(ema->evaluation_point(a).to_vector(), mean), 1e-13);
    Vector expected = x;
    if (points > 0)
      for (std::size_t i = 0; i < x.size(); ++i) expected[i] = sum[i] / points;
    EXPECT_LT(difference(swa->evaluation_point(b).to_vector(), expected), 1e-13) << t;
  }
  EXPECT_EQ(points, 4);
}

// scale |theta - target|^2 / 2, another one for each batch.
class Targets final : public Objective {
 public:
  void set(double scale, double target) {
    scale_ = scale;
    target_ = target;
    invalidate();
  }
  std::int64_t size() const override { return 3; }
  DType dtype() const override { return DType::float64; }

 protected:
  double compute_value(const Tensor& theta) override {
    double sum = 0;
    for (const double x : theta.to_vector()) sum += scale_ * (x - target_) * (x - target_) / 2;
    return sum;
  }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    for (int i = 0; i < 3; ++i) gradient.set(i, scale_ * (theta.at(i) - target_));
    return compute_value(theta);
  }

 private:
  double scale_ = 1, target_ = 0;
};

TEST(Wrappers, AccumulateTheMeanGradientOfBatches) {
  Targets objective;
  const auto optimizer = make_optimizer({.method = "momentum",
                                         .values = momentum_values,
                                         .wrappers = {{"gradient_accumulation", {{"accumulation_steps", 3}}}}});
  const Tensor theta = Tensor::of({3}, {1, -2, 3});
  Vector x = theta.to_vector(), sum(3);
  PlainMomentum inner;
  for (int t = 0; t < 12; ++t) {
    const double scale = 1 + 0.1 * t, target = std::sin(t);
    objective.set(scale, target);
    const Vector before = theta.to_vector();
    double loss = 0;
    for (const double e : x) loss += scale * (e - target) * (e - target) / 2;
    EXPECT_NEAR(optimizer->step(objective, theta).loss, loss, 1e-12);
    for (std::size_t i = 0; i < 3; ++i) sum[i] += scale * (x[i] - target) / 3;
    if (t % 3 != 2) {
      EXPECT_EQ(theta.to_vector(), before);
      continue;
    }
    inner(x, sum);
    sum = Vector(3);
    EXPECT_LT(difference(theta.to_vector(), x), 1e-14);
  }
  EXPECT_EQ(objective.costs().gradients, 12);
}

// The gradient that an optimizer sees for 20,000 parameters whose own gradient is 0.
class Flat final : public Objective {
 public:
  std::int64_t size() const override { return 20000; }
  DType dtype() const override { return DType::float64; }

 protected:
  double compute_value(const Tensor&) override { return 0; }
  double compute_gradient(const Tensor&, const Tensor& gradient) override {
    gradient.fill(0);
    return 0;
  }
};

TEST(Wrappers, AddGaussianNoiseThatShrinks) {
  for (const double decay : {0.0, 0.55}) {
    Flat objective;
    const auto optimizer =
        make_optimizer({.values = {{"learning_rate", 1.0}},
                        .wrappers = {{"gradient_noise", {{"noise_variance", 0.3}, {"noise_decay", decay}}}}});
    Vector last;
    for (int t = 0; t < 40; ++t) {
      const Tensor theta = Tensor::zeros({20000}, DType::float64);
      optimizer->step(objective, theta);
      if (t % 13 != 0) continue;
      double mean = 0, square = 0, fourth = 0, correlation = 0;
      const Vector z = theta.to_vector();
      for (std::size_t i = 0; i < z.size(); ++i) {
        mean += z[i] / 20000;
        square += z[i] * z[i] / 20000;
        fourth += std::pow(z[i], 4) / 20000;
        if (!last.empty()) correlation += z[i] * last[i] / 20000;
      }
      const double variance = 0.3 / std::pow(1 + t, decay);
      EXPECT_NEAR(square, variance, 0.05 * variance) << t;
      EXPECT_NEAR(mean, 0, 0.04 * std::sqrt(variance));
      EXPECT_NEAR(fourth, 3 * variance * variance, 0.5 * variance * variance);
      EXPECT_NEAR(correlation, 0, 0.03);
      last = z;
    }
  }
}

TEST(Wrappers, DrawOtherNumbersForAnotherSeed) {
  for (const char* name : {"gradient_noise", "parameter_noise"}) {
    const auto end = [&](std::uint64_t seed) {
      return run_recipe({.wrappers = {{name}}, .stream = RandomStream(seed)}, quadratic(), 5);
    };
    EXPECT_EQ(end(1), end(1)) << name;
    EXPECT_GT(difference(end(1), end(2)), 1e-6) << name;
  }
}

// On a quadratic the mean gradient over points around theta is the gradient at their mean.
TEST(Wrappers, SmoothTheLossByNoisyParameters) {
  expect_equal({{"parameter_noise", {{"parameter_noise", 0.1}, {"parameter_noise_samples", 3}}}},
               [](Vector& x, const GradientOf& grad, PlainMomentum& inner, int t) {
                 RandomStream stream =
                     RandomStream(5).child("parameter_noise").child("step", static_cast<std::uint64_t>(t));
                 Vector mean(x.size());
                 for (int k = 0; k < 3; ++k) {
                   Vector near = x;
                   for (double& e : near) e += 0.1 * stream.normal();
                   const Vector g = grad(near);
                   for (std::size_t i = 0; i < x.size(); ++i) mean[i] += g[i] / 3;
                 }
                 inner(x, mean);
               });
}

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

// sum x^4 / 4: H = diag(3 x^2). What it offers as a Gauss-Newton product is another matrix, diag(x^2).
class Quartic final : public Objective {
 public:
  std::int64_t size() const override { return 3; }
  DType dtype() const override { return DType::float64; }
  Quartic() {
    offer(curvature_.hessian, price::hessian,
          [](const Tensor& theta, const Tensor& v, const Tensor& out) { times(3, theta, v, out); });
    offer(curvature_.gauss_newton, price::gauss_newton,
          [](const Tensor& theta, const Tensor& v, const Tensor& out) { times(1, theta, v, out); });
  }
  const Curvature* curvature() const override { return &curvature_; }
  std::span<const Slice> slices() const override { return slices_; }

 protected:
  double compute_value(const Tensor& theta) override {
    double sum = 0;
    for (const double x : theta.to_vector()) sum += std::pow(x, 4) / 4;
    return sum;
  }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    for (int i = 0; i < 3; ++i) gradient.set(i, std::pow(theta.at(i), 3));
    return compute_value(theta);
  }

 private:
  static void times(double factor, const Tensor& theta, const Tensor& v, const Tensor& out) {
    for (std::int64_t i = 0; i < v.size(); ++i) out.set(i, factor * std::pow(theta.at(i % 3), 2) * v.at(i));
  }
  std::vector<Slice> slices_{{"weight", {2}, 0, {}}, {"bias", {1}, 2, {"bias"}}};
  Curvature curvature_;
};

// Looks at the objective that it is given.
class Look final : public Optimizer {
 public:
  explicit Look(std::function<void(Objective&, const Tensor&)> look) : look_(std::move(look)) {}
  StepReport step(Objective& objective, const Tensor& theta) override {
    look_(objective, theta);
    return {};
  }
  void visit(StateVisitor&) override {}

 private:
  std::function<void(Objective&, const Tensor&)> look_;
};

TEST(Wrappers, AddL2ToProductsExactly) {
  for (const bool exclude : {false, true}) {
    int looked = 0;
    const auto look = [&](Objective& f, const Tensor& theta) {
      ++looked;
      const Tensor v = Tensor::of({2, 3}, {1, -2, 0.5, 0.3, 0.7, -1}), h = Tensor::zeros({2, 3}, DType::float64),
                   g = h.clone();
      f.move_to(theta);
      multiply(f.curvature()->hessian, v, h);
      multiply(f.curvature()->gauss_newton, v, g);
      for (std::int64_t row = 0; row < 2; ++row) {
        const Tensor one = v.part(3 * row, {3}), product = Tensor::zeros({3}, DType::float64);
        multiply(f.curvature()->hessian, one, product);
        // Central differences of the penalised gradient along v; and of the value.
        constexpr double step = 1e-5;
        Tensor ahead = theta.clone(), behind = theta.clone();
        for (int i = 0; i < 3; ++i)
          ahead.set(i, theta.at(i) + step * one.at(i)), behind.set(i, theta.at(i) - step * one.at(i));
        f.move_to(ahead);
        const Vector after = f.gradient().to_vector();
        const double value_after = f.value();
        f.move_to(behind);
        const Vector before = f.gradient().to_vector();
        const double slope = (value_after - f.value()) / (2 * step);
        f.move_to(theta);
        double along = 0;
        for (int i = 0; i < 3; ++i) {
          along += f.gradient().at(i) * one.at(i);
          const auto k = static_cast<std::size_t>(i);
          EXPECT_NEAR(product.at(i), (after[k] - before[k]) / (2 * step), 1e-8);
          EXPECT_EQ(product.at(i), h.at(3 * row + i));
          const double weight = exclude && i == 2 ? 0 : 0.7;
          EXPECT_NEAR(g.at(3 * row + i), (std::pow(theta.at(i), 2) + weight) * one.at(i), 1e-14);
        }
        EXPECT_NEAR(slope, along, 1e-8);
      }
    };
    const WrapperKind& kind = wrapper("l2_penalty");
    const NamedValues values = {{"l2", 0.7}, {"l2_exclude", exclude ? "bias" : "none"}};
    const auto optimizer = kind.make(values, {std::make_unique<Look>(look)});
    Quartic objective;
    optimizer->step(objective, Tensor::of({3}, {0.5, -1, 2}));
    EXPECT_EQ(looked, 1);
  }
}

TEST(Wrappers, LeaveOutWhatIsTagged) {
  Quartic objective;
  const auto end = [&](const Recipe::Wrapped& wrapped) {
    const Tensor theta = Tensor::of({3}, {0, 0, 1});  // only the bias has a gradient
    make_optimizer({.values = {{"learning_rate", 0.1}}, .wrappers = {wrapped}})->step(objective, theta);
    return theta.to_vector();
  };
  const Vector without = end({"clip_by_norm", {{"clip_norm", 100.0}}});
  EXPECT_EQ(end({"l2_penalty", {{"l2", 0.5}, {"l2_exclude", "bias"}}}), without);
  EXPECT_EQ(end({"l1_penalty", {{"l1", 0.5}, {"l1_exclude", "bias+norm"}}}), without);
  EXPECT_EQ(end({"proximal_l1", {{"proximal_l1", 0.5}, {"proximal_exclude", "bias"}}}), without);
  EXPECT_EQ(end({"decoupled_weight_decay", {{"decay_exclude", "bias"}}}), without);
  EXPECT_NE(end({"decoupled_weight_decay", {}}), without);
  EXPECT_EQ(error_of([&] {
              end({"l2_penalty", {{"l2_exclude", "norm"}}});
            }),
            "l2_penalty: l2_exclude = norm: no parameter of this model has such a tag");
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
  const auto error_of_making = [](std::vector<Recipe::Wrapped> wrapped, std::vector<Group> groups = {}) {
    return error_of([&] { make_optimizer({.wrappers = wrapped, .groups = groups}); });
  };
  EXPECT_EQ(error_of_making({{"ema"}, {"ema"}}), "wrapper ema: is there twice");
  EXPECT_EQ(error_of_making({{"emma"}}).substr(0, 42), "unknown wrapper 'emma': did you mean ema? ");
  EXPECT_EQ(error_of_making({{"clip_by_norm", {{"clip_norm", -1.0}}}}),
            "clip_by_norm: clip_norm = -1, expected a finite number > 0");
  EXPECT_EQ(error_of_making({{"gradient_accumulation"}, {"sam"}}),
            "wrapper sam: asks for gradients at other points than gradient_accumulation around it: put it outside, "
            "sam+gradient_accumulation");
  EXPECT_EQ(error_of_making({{"ema"}, {"gradient_accumulation"}}),
            "wrapper ema: acts at each step of what is inside: put it inside of gradient_accumulation, "
            "gradient_accumulation+ema");
  EXPECT_EQ(error_of_making({{"proximal_l1"}}, {{"*", {{"learning_rate", 0.1}}}}),
            "wrapper proximal_l1: uses one learning_rate, which the groups make several");
  EXPECT_EQ(error_of([] { parse_wrappers("ema+ema"); }), "wrapper ema: is there twice");
  EXPECT_NE(error_of([] { parse_wrappers("ema+"); }), "");
  EXPECT_EQ(parse_wrappers("clip_by_norm+lookahead"), (std::vector<std::string>{"clip_by_norm", "lookahead"}));
  EXPECT_TRUE(parse_wrappers("none").empty());
  for (const Method& m : methods())
    for (const WrapperKind& w : wrappers()) {
      if (m.family != Family::curvature || w.place.around_curvature) continue;
      EXPECT_NE(error_of([&] {
                  make_optimizer({.method = m.name, .wrappers = {{w.name}}});
                }).find("does not go with " + m.name),
                std::string::npos)
          << w.name;
    }
}

}  // namespace
}  // namespace gradus::optim
