// Every method, alone and inside every wrapper, says when a number is not finite, and keeps theta and its state.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "autodiff/tensor/vectors.h"
#include "optim/recipe.h"
#include "optim/state.h"
#include "process/subnormals.h"

namespace gradus::optim {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

// |theta|^2 / 2 of a layer's weight [2, 3] and its bias, which offers everything and, once poisoned, answers a question
// with a number that is not finite: the value, or one element.
class Poisoned final : public Objective {
 public:
  enum class Where { nowhere, value, gradient, product };
  Where where = Where::nowhere;
  double poison = nan;
  std::int64_t element = 0;
  int spared = 0;  // gradients that are answered well before the first bad one
  const DType type;

  std::int64_t size() const override { return 9; }
  DType dtype() const override { return type; }
  std::span<const ParameterSlice> slices() const override { return parts_; }
  explicit Poisoned(DType dtype = DType::float64) : type(dtype) {
    const auto product = [this](const Tensor&, const Tensor& v, const Tensor& out) { answer(v, out); };
    for (LinearOperator* matrix : {&curvature_.hessian, &curvature_.gauss_newton, &curvature_.structural})
      offer(*matrix, price::hessian, product);
    offer(curvature_.sampled_gradient,
          [this](const Tensor& theta, std::uint64_t, const Tensor& out) { answer(theta, out); });
    offer(curvature_.gradient_squares, [](const Tensor&, const Tensor& out) { out.fill(1); });
    offer(curvature_.kronecker_factors, [this](const Tensor&, std::uint64_t, std::vector<KroneckerBlock>& blocks) {
      blocks = {{0, 1, unit_matrix(3), unit_matrix(3)}};
      if (where == Where::product) blocks[0].inputs.set(0, poison);
    });
  }
  const Curvature* curvature() const override { return &curvature_; }

 protected:
  double compute_value(const Tensor& theta) override {
    if (where == Where::value) return poison;
    double sum = 0;
    for (const double x : theta.to_vector()) sum += x * x / 2;
    return sum;
  }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    gradient.copy_from(theta);
    if (where == Where::gradient && spared-- <= 0) gradient.set(element, poison);
    return compute_value(theta);
  }

 private:
  void answer(const Tensor& v, const Tensor& out) const {
    out.copy_from(v);
    if (where == Where::product) out.set(element, poison);
  }
  Tensor unit_matrix(std::int64_t n) const {
    const Tensor a = Tensor::zeros({n, n}, type);
    for (std::int64_t i = 0; i < n; ++i) a.set(i * n + i, 1);
    return a;
  }
  Curvature curvature_;
  std::vector<ParameterSlice> parts_ = {{"weight", {2, 3}, 0, {}}, {"bias", {3}, 6, {"bias"}}};
};

std::vector<Recipe> all_recipes() {
  std::vector<Recipe> all;
  for (const Method& method : methods()) {
    Recipe alone{.method = method.name};
    all.push_back(alone);
    for (const WrapperKind& kind : wrappers()) {
      Recipe wrapped = alone;
      wrapped.wrappers = {{kind.name}};
      all.push_back(wrapped);
    }
    Recipe grouped = alone;
    grouped.groups = {{"@bias", {{"learning_rate", 0.5}}}};
    all.push_back(grouped);
    Recipe scheduled = alone;
    scheduled.schedules = {{"learning_rate", "cosine", {{"steps", 100}}}};
    all.push_back(scheduled);
  }
  // Several around each other.
  all.push_back({.method = "lion",
                 .wrappers = {{"sam"},
                              {"gradient_accumulation", {{"accumulation_steps", 2}}},
                              {"clip_by_value"},
                              {"lookahead"},
                              {"ema"},
                              {"decoupled_weight_decay"}}});
  // What does not go together is refused elsewhere.
  std::erase_if(all, [](const Recipe& recipe) {
    try {
      make_optimizer(recipe);
      return false;
    } catch (const std::invalid_argument&) {
      return true;
    }
  });
  return all;
}

std::string label(const Recipe& recipe) {
  std::string text = signature(recipe);
  return text.substr(0, 200);
}

std::vector<double> all_numbers(Optimizer& optimizer) {
  std::vector<double> numbers;
  for (const auto& [name, tensor] : save_state(optimizer).tensors)
    if (tensor.defined())
      for (const double x : tensor.to_vector()) numbers.push_back(x);
  return numbers;
}

const std::vector<double> start = {0.5, -0.25, 1, -1.5, 0.75, 0.125, -0.5, 0.25, 2};

// Three good steps, a bad one, and two good ones.
void expect_reported(const Recipe& recipe, Poisoned::Where where, double poison, std::int64_t element, DType type,
                     int spared = 0) {
  SCOPED_TRACE(label(recipe) + ": " + std::to_string(poison) + " at " + std::to_string(element) + " of " +
               name_of(type));
  Poisoned objective(type);
  const auto optimizer = make_optimizer(recipe);
  const Tensor theta = Tensor::of({9}, start, type);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(optimizer->step(objective, theta).is_diverged());
  const std::vector<double> before = theta.to_vector(), state = all_numbers(*optimizer);
  objective.where = where;
  objective.poison = poison;
  objective.element = element;
  objective.spared = spared;
  objective.invalidate();
  const StepReport report = optimizer->step(objective, theta);
  EXPECT_EQ(report.reason, Reason::not_finite);
  EXPECT_TRUE(report.is_final());
  EXPECT_EQ(theta.to_vector(), before);
  if (spared == 0 && method(recipe.method).family != Family::curvature) {
    EXPECT_EQ(all_numbers(*optimizer), state);
  }
  objective.where = Poisoned::Where::nowhere;
  objective.invalidate();
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(optimizer->step(objective, theta).is_diverged());
    EXPECT_TRUE(vectors::is_finite(theta));
  }
}

TEST(NotFinite, IsReportedOfAGradientByEveryMethodInEveryWrapper) {
  const std::vector<Recipe> recipes = all_recipes();
  EXPECT_GE(recipes.size(), 29 * 15u);
  for (const Recipe& recipe : recipes)
    for (const double poison : {nan, infinity, -infinity})
      for (const std::int64_t element : {0, 4, 8})
        for (const DType type : {DType::float32, DType::float64})
          expect_reported(recipe, Poisoned::Where::gradient, poison, element, type);
}

TEST(NotFinite, IsReportedOfALossByEveryMethodInEveryWrapper) {
  for (const Recipe& recipe : all_recipes())
    for (const double poison : {nan, infinity, -infinity})
      expect_reported(recipe, Poisoned::Where::value, poison, 0, DType::float64);
}

// Sharpness-aware minimisation and smoothing use the gradient of another point.
TEST(NotFinite, IsReportedOfAGradientBesideTheta) {
  for (const std::string wrapper : {"sam", "asam", "parameter_noise"})
    for (const Method& method : methods()) {
      if (method.family == Family::curvature) continue;
      Recipe recipe{.method = method.name, .wrappers = {{wrapper}}};
      if (wrapper == "parameter_noise") recipe.wrappers[0].values = {{"parameter_noise_samples", 2}};
      expect_reported(recipe, Poisoned::Where::gradient, nan, 3, DType::float64, 1);
    }
}

TEST(NotFinite, IsReportedOfAProduct) {
  const std::vector<Recipe> recipes = {
      {.method = "newton_cg"},
      {.method = "newton_cg", .values = {{"globalization", "armijo"}}},
      {.method = "newton_cg", .values = {{"globalization", "trust_region"}}},
      {.method = "gauss_newton"},
      {.method = "levenberg_marquardt"},
      {.method = "hessian_free"},
      {.method = "kfac"},
      {.method = "adahessian"},
      {.method = "sophia", .values = {{"update_interval", 1}}},
      {.method = "sophia", .values = {{"estimator", "hutchinson"}, {"update_interval", 1}}}};
  for (const Recipe& recipe : recipes)
    for (const double poison : {nan, infinity, -infinity}) {
      SCOPED_TRACE(label(recipe) + ": " + std::to_string(poison));
      Poisoned objective;
      objective.where = Poisoned::Where::product;
      objective.poison = poison;
      const auto optimizer = make_optimizer(recipe);
      const Tensor theta = Tensor::of({9}, start);
      EXPECT_EQ(optimizer->step(objective, theta).reason, Reason::not_finite);
      EXPECT_EQ(theta.to_vector(), start);
    }
}

// The squares of such a gradient are not numbers of float64; the gradient is.
TEST(NotFinite, IsNotSaidOfALongGradient) {
  Poisoned objective;
  const Tensor theta = Tensor::full({9}, 1e160, DType::float64);
  objective.move_to(theta);
  EXPECT_NEAR(vectors::norm(objective.gradient()) / 3e160, 1, 1e-15);
  EXPECT_NEAR(vectors::norm(Tensor::full({9}, 1e-170, DType::float64)) / 3e-170, 1, 1e-15);
  EXPECT_TRUE(std::isnan(vectors::norm(Tensor::of({2}, {nan, 1}))));
  EXPECT_EQ(vectors::norm(Tensor::of({2}, {-infinity, 1})), infinity);
  // One square is a normal number; the others are not, and are many.
  double norm = 0;
  std::thread([&norm] {
    flush_subnormals();
    const Tensor many = Tensor::full({1'000'000}, 1e-154, DType::float64);
    many.set(0, 2e-154);
    norm = vectors::norm(many);
  }).join();
  EXPECT_NEAR(norm / 1e-151, 1, 1e-5);
}

// At the end of the inner optimizer, an average or slow parameters are on their way still.
TEST(Wrappers, AreNotAtTheirEndBeforeTheirPointIs) {
  for (const std::string wrapper : {"lookahead", "ema", "swa"}) {
    Poisoned objective;
    NamedValues values;
    if (wrapper == "ema") values = {{"ema_decay", 0.5}};
    const auto optimizer = make_optimizer({.method = "lbfgs", .wrappers = {{wrapper, values}}});
    const Tensor theta = Tensor::of({9}, start);
    for (int i = 0; i < 200; ++i) {
      const std::vector<double> before = optimizer->evaluation_point(theta).to_vector();
      const StepReport report = optimizer->step(objective, theta);
      EXPECT_FALSE(report.is_final() && optimizer->evaluation_point(theta).to_vector() != before) << wrapper << i;
      if (report.is_final()) break;
    }
    double distance = 0;
    for (const double x : optimizer->evaluation_point(theta).to_vector()) distance = std::max(distance, std::abs(x));
    EXPECT_LT(distance, wrapper == "swa" ? 0.1 : 1e-9) << wrapper;
  }
}

}  // namespace
}  // namespace gradus::optim
