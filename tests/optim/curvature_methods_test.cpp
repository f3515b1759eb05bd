// What the methods of the family "curvature" promise together.
#include <gtest/gtest.h>

#include "optim/descent_method.h"
#include "optim/methods/lbfgs.h"
#include "optim/methods/newton_cg.h"
#include "optim/methods/nonlinear_cg.h"
#include "optim/recipe.h"
#include "tests/optim/curvature_problems.h"
#include "tests/support/throws.h"

namespace gradus::optim {
namespace {

std::vector<const Method*> curvature_methods() {
  std::vector<const Method*> all;
  for (const std::string name : {"newton_cg", "lbfgs", "nonlinear_cg", "gauss_newton", "levenberg_marquardt"})
    all.push_back(&method(name));
  return all;
}

SmoothObjective problem(DType type = DType::float64) {
  SmoothObjective objective = chained_rosenbrock(6, 1, type);
  // A matrix that is positive semi-definite wherever it is asked for: J^T J of the residuals, times two.
  objective.set_gauss_newton([](const Vector& x, const Vector& v) {
    Vector out(x.size());
    for (std::size_t i = 0; i + 1 < x.size(); ++i) {
      const double a = 200 * (v[i + 1] - 2 * x[i] * v[i]);
      out[i] += -2 * x[i] * a + 2 * v[i];
      out[i + 1] += a;
    }
    return out;
  });
  return objective;
}
Vector end_of(const std::string& name, const NamedValues& values, int steps, DType type = DType::float64) {
  SmoothObjective objective = problem(type);
  const Tensor theta = Tensor::of({6}, rosenbrock_start(6), type);
  const auto optimizer = make_optimizer(name, values);
  for (int i = 0; i < steps; ++i) optimizer->step(objective, theta);
  return theta.to_vector();
}

TEST(CurvatureMethods, HaveTheDefaultsThatTheyName) {
  for (const Method* m : curvature_methods()) {
    EXPECT_EQ(m->family, Family::curvature);
    EXPECT_FALSE(m->formula.empty() || m->differences.empty()) << m->name;
    NamedValues all;
    for (const Hyperparameter& h : m->hyperparameters)
      all.emplace_back(h.name, h.kind == Hyperparameter::Kind::choice ? GivenValue(h.default_text()) : h.default_value);
    EXPECT_EQ(end_of(m->name, all, 12), end_of(m->name, {}, 12)) << m->name;
  }
}

// Every hyperparameter changes something, on the path or in what is asked, in some form of the method.
TEST(CurvatureMethods, ReadEveryHyperparameter) {
  struct Change {
    std::string method, name;
    GivenValue value;
    std::vector<NamedValues> forms = {{}};  // of the method, in one of which it matters
  };
  const std::vector<NamedValues> line{{{"globalization", "strong_wolfe"}}}, jacobi{{{"preconditioner", "jacobi"}}};
  std::vector<NamedValues> batches;
  for (const double factor : {0.3, 1.0, 3.0, 10.0})
    batches.push_back({{"line_search", "armijo"}, {"learning_rate", factor}});
  const std::vector<Change> changes{{"newton_cg", "globalization", "armijo"},
                                    {"newton_cg", "curvature", "gauss_newton"},
                                    {"newton_cg", "forcing", "fixed"},
                                    {"newton_cg", "tolerance", 0.01, line},
                                    {"newton_cg", "max_inner_iterations", 1},
                                    {"newton_cg", "damping", 10},
                                    {"newton_cg", "gradient_tolerance", 1e3},
                                    {"newton_cg", "preconditioner", "jacobi"},
                                    {"newton_cg", "initial_radius", 0.01},
                                    {"lbfgs", "history", 1},
                                    {"lbfgs", "line_search", "armijo"},
                                    {"lbfgs", "pairs", "powell", batches},
                                    {"lbfgs", "learning_rate", 0.1},
                                    {"lbfgs", "first_step", 0.01},
                                    {"lbfgs", "gradient_tolerance", 1e3},
                                    {"nonlinear_cg", "beta", "dai_yuan"},
                                    {"nonlinear_cg", "restart_interval", 2},
                                    {"nonlinear_cg", "restart_threshold", 1e-6},
                                    {"nonlinear_cg", "first_step", 1e-4},
                                    {"nonlinear_cg", "gradient_tolerance", 1e3},
                                    {"nonlinear_cg", "wolfe_curvature", 0.9},
                                    {"gauss_newton", "tolerance", 0.9},
                                    {"gauss_newton", "max_inner_iterations", 1},
                                    {"gauss_newton", "gradient_tolerance", 1e3},
                                    {"levenberg_marquardt", "tolerance", 0.9},
                                    {"levenberg_marquardt", "max_inner_iterations", 1},
                                    {"levenberg_marquardt", "gradient_tolerance", 1e3},
                                    {"levenberg_marquardt", "initial_damping", 1},
                                    {"levenberg_marquardt", "update", "marquardt"}};
  for (const Method* m : curvature_methods())
    for (const Hyperparameter& h : m->hyperparameters) {
      const auto found = std::find_if(changes.begin(), changes.end(),
                                      [&](const Change& c) { return c.method == m->name && c.name == h.name; });
      ASSERT_NE(found, changes.end()) << m->name << ": " << h.name;
      const bool matters = std::any_of(found->forms.begin(), found->forms.end(), [&](NamedValues form) {
        const auto without = end_of(m->name, form, 5), later = end_of(m->name, form, 20);
        form.emplace_back(h.name, found->value);
        return end_of(m->name, form, 5) != without || end_of(m->name, form, 20) != later;
      });
      EXPECT_TRUE(matters) << m->name << ": " << h.name;
    }
}

TEST(CurvatureMethods, RefuseWhatIsRetiredWithItsFate) {
  EXPECT_EQ(refusal_of([] {
              make_optimizer("newton_cg", {{"boundary_tolerance", 0.2}});
            }),
            "newton_cg: boundary_tolerance is no longer an option: it is fixed at 0.1");
  for (const Method* m : curvature_methods())
    for (const settings::Retired& r : m->about->retired) {
      const std::string name(r.name), refusal = name + " is no longer an option: it " + r.fate();
      const NamedValues values = {{name, 1}};
      EXPECT_EQ(refusal_of([&] { make_optimizer({.method = m->name, .values = values}); }), m->name + ": " + refusal);
    }
}

TEST(CurvatureMethods, RefuseASearchThatProposesAnotherKindOfSize) {
  const Lbfgs lbfgs;
  const double number = 0;
  const auto pair = [&](std::unique_ptr<Search> search) {
    DescentMethod(lbfgs.descent(RandomStream(0)), std::move(search), &number);
  };
  EXPECT_EQ(refusal_of([&] { pair(std::make_unique<TrustRegion>(&number)); }),
            "lbfgs with trust_region: the size of a step is a length, but the search proposes a radius");
  EXPECT_EQ(refusal_of([&] { pair(std::make_unique<Damping>(&number, Damping::Rule::nielsen)); }),
            "lbfgs with damping: the size of a step is a length, but the search proposes a damping");
  EXPECT_EQ(refusal_of([&] { pair(std::make_unique<Armijo>()); }), "");
}

// What C++ writes is what is made by name.
TEST(CurvatureMethods, AreMadeOfTheirMembers) {
  const auto end = [](std::unique_ptr<Optimizer> optimizer) {
    SmoothObjective objective = problem();
    const Tensor theta = Tensor::of({6}, rosenbrock_start(6));
    for (int i = 0; i < 5; ++i) optimizer->step(objective, theta);
    return theta.to_vector();
  };
  EXPECT_EQ(end(make(NewtonCg{.globalization = NewtonCg::Globalization::armijo, .damping = 1})),
            end_of("newton_cg", {{"globalization", "armijo"}, {"damping", 1}}, 5));
  EXPECT_EQ(end(make(NonlinearCg{.beta = NonlinearCg::Beta::dai_yuan})),
            end_of("nonlinear_cg", {{"beta", "dai_yuan"}}, 5));
  EXPECT_EQ(refusal_of([] { make(NewtonCg{.damping = -1}); }),
            "newton_cg: damping = -1, expected a finite number >= 0");
}

TEST(CurvatureMethods, GoDownInBothElementTypes) {
  for (const Method* m : curvature_methods())
    for (const DType type : {DType::float32, DType::float64}) {
      const Vector end = end_of(m->name, {}, 60, type);
      EXPECT_LT(distance(end, Vector(6, 1)), 2.1) << m->name;  // a local minimum lies at -1 in the first coordinate
    }
}

// A batch that changes between steps: gradients are asked anew, and nothing of the last batch is taken for this one.
TEST(CurvatureMethods, AskAgainWhenTheDataChange) {
  for (const Method* m : curvature_methods()) {
    SmoothObjective objective = problem();
    const Tensor theta = Tensor::of({6}, rosenbrock_start(6));
    const auto optimizer = make_optimizer(m->name);
    for (int i = 0; i < 4; ++i) {
      const auto before = objective.costs().gradients;
      objective.invalidate();
      optimizer->step(objective, theta);
      EXPECT_GE(objective.costs().gradients, before + 1) << m->name;
    }
  }
}

TEST(CurvatureMethods, RefuseAThetaThatIsNotTheObjectives) {
  for (const Method* m : curvature_methods()) {
    SmoothObjective objective = problem();
    const auto optimizer = make_optimizer(m->name);
    EXPECT_THROW(optimizer->step(objective, Tensor::zeros({5}, DType::float64)), std::invalid_argument) << m->name;
    EXPECT_THROW(optimizer->step(objective, Tensor::zeros({6}, DType::float32)), std::invalid_argument) << m->name;
    EXPECT_EQ(optimizer->state_bytes(), 0);
  }
}

}  // namespace
}  // namespace gradus::optim
