// What may be asked of problems, and what is refused.
#include <gtest/gtest.h>

#include <set>

#include "experiments/problems/rotation.h"
#include "tests/problems/points.h"
#include "tests/support/throws.h"

namespace gradus::problems {
namespace {

TEST(Requests, NamesAreUniqueAndDescribed) {
  std::set<std::string> names;
  for (const Problem& p : problems()) {
    EXPECT_TRUE(names.insert(p.name).second) << p.name;
    EXPECT_FALSE(p.formula.empty() || p.source.empty()) << p.name;
    EXPECT_EQ(start_of(p).size(), dimension_of(p, {})) << p.name;
  }
  EXPECT_GE(names.size(), 45u);
}

TEST(Requests, WrongOnesAreOneClearLine) {
  EXPECT_NE(refusal_of([] { problem("rosenbrok"); }).find("did you mean rosenbrock"), std::string::npos);
  EXPECT_EQ(refusal_of([] { make_objective("beale", 3); }), "beale: dimension 3, expected 2");
  EXPECT_EQ(refusal_of([] { make_objective("extended_powell", 6); }),
            "extended_powell: dimension 6, expected a multiple of 4 from 4 to 100000");
  EXPECT_EQ(refusal_of([] { make_objective("rosenbrock", -2); }),
            "rosenbrock: dimension -2, expected from 2 to 100000");
  const auto with = [](const char* name, const auto& change) {
    return refusal_of([&] {
      Request request;
      change(request);
      make_objective(problem(name), request);
    });
  };
  EXPECT_NE(with("quadratic", [](Request& r) { r.eigenvalues = {1, -2}; }).find("eigenvalue -2"), std::string::npos);
  EXPECT_NE(with("quadratic",
                 [](Request& r) {
                   r.eigenvalues = {1, 2};
                   r.dimension = 3;
                 })
                .find("expected 2"),
            std::string::npos);
  EXPECT_NE(with("quadratic", [](Request& r) { r.condition = 0.5; }).find("condition"), std::string::npos);
  EXPECT_NE(with("noisy_quadratic", [](Request& r) { r.noise = -1; }).find("noise"), std::string::npos);
  EXPECT_NE(with("noisy_quadratic", [](Request& r) { r.eigenvalues = {-1}; }).find("eigenvalue"), std::string::npos);
  EXPECT_NE(with("quadratic_deep", [](Request& r) { r.batch_size = 1001; }).find("at most 1000"), std::string::npos);
  EXPECT_NE(with("curve_fit", [](Request& r) { r.model = "gausian"; }).find("did you mean gaussian"),
            std::string::npos);
  EXPECT_NE(with("logistic_regression", [](Request& r) { r.l2 = -1; }).find("l2"), std::string::npos);
  const auto labels = [&](std::initializer_list<double> values) {
    return with("logistic_regression", [&](Request& r) {
      r.data =
          Data{Tensor::zeros({2, 3}, DType::float64), Tensor::of({static_cast<std::int64_t>(values.size())}, values)};
    });
  };
  EXPECT_NE(labels({0, 0.5}).find("label 0.5"), std::string::npos);
  EXPECT_NE(labels({0, -1}).find("example 1: label -1"), std::string::npos);
  EXPECT_NE(labels({2, 1}).find("label 1 is the smallest"), std::string::npos);
  EXPECT_NE(labels({0, std::nan("")}).find("example 1: nan"), std::string::npos);
  EXPECT_NE(labels({0, 1, 1}).find("one target for each input"), std::string::npos);
  const auto beale = make_objective("matyas");
  const Tensor v = Tensor::zeros({2}, DType::float64), out = v.clone();
  beale->move_to(v);
  EXPECT_THROW(multiply(beale->curvature()->gauss_newton, v, out), std::invalid_argument);
  EXPECT_THROW(beale->outputs(v), std::invalid_argument);
}

TEST(Requests, QuadraticsHaveTheSpectrumAskedFor) {
  const Problem& p = problem("quadratic");
  Request request;
  request.eigenvalues = {1, 5, 25};
  for (const bool rotate : {false, true}) {
    request.rotate = rotate;
    const auto objective = make_objective(p, request);
    objective->move_to(start_of(p, request));
    // Trace and trace of the square do not depend on the axes.
    double trace = 0, squares = 0, off_diagonal = 0;
    for (std::int64_t i = 0; i < 3; ++i) {
      const Tensor v = Tensor::zeros({3}, DType::float64), out = v.clone();
      v.set(i, 1);
      multiply(objective->curvature()->hessian, v, out);
      trace += out.at(i);
      squares += dot(out, out);
      off_diagonal += norm(out) - std::abs(out.at(i));
    }
    EXPECT_NEAR(trace, 31, 1e-12);
    EXPECT_NEAR(squares, 651, 1e-10);
    EXPECT_EQ(off_diagonal > 0.1, rotate);
  }
  request = {};
  request.dimension = 3;
  request.condition = 1e4;
  const std::vector<double> spectrum = quadratic_spectrum(request);
  EXPECT_NEAR(spectrum[0], 1e-4, 1e-18);
  EXPECT_NEAR(spectrum[1], 1e-2, 1e-16);
  EXPECT_NEAR(spectrum[2], 1, 1e-14);
}

TEST(Requests, RotationsAreOrthogonalAndFollowTheSeed) {
  for (const std::int64_t n : {1, 2, 3, 20}) {
    const Tensor q = random_rotation(n, 4);
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < n; ++j) EXPECT_NEAR(dot(q.rows(i, 1), q.rows(j, 1)), i == j, 1e-13);
    EXPECT_EQ(q.to_vector(), random_rotation(n, 4).to_vector());
    if (n > 1) {
      EXPECT_NE(q.to_vector(), random_rotation(n, 5).to_vector());
    }
  }
}

// NumPy's numbers: the mean loss over all 1000 examples at the start, and elements of its gradient, computed there.
TEST(Requests, QuadraticDeepIsTheOneOfDeepObs) {
  const Problem& p = problem("quadratic_deep");
  Request request;
  request.batch_size = 1000;
  const auto objective = make_objective(p, request);
  const Tensor x = start_of(p, request);
  EXPECT_NEAR(value_at(*objective, x), 353.70644520533455, 1e-9);
  const Tensor gradient = gradient_at(*objective, x);
  EXPECT_NEAR(gradient.at(0), -5.25751289, 1e-8);
  EXPECT_NEAR(gradient.at(1), -7.96798247, 1e-8);
  EXPECT_NEAR(gradient.at(2), -2.47772284, 1e-8);
}

TEST(Requests, NoiseIsAFunctionOfSeedAndStep) {
  for (const char* name : {"noisy_quadratic", "quadratic_deep"}) {
    const Problem& p = problem(name);
    const auto values = [&](std::uint64_t seed, std::vector<std::uint64_t> steps) {
      Request request;
      request.seed = seed;
      const auto objective = make_objective(p, request);
      const Tensor x = start_of(p, request);
      objective->move_to(x);
      std::vector<double> result;
      for (const std::uint64_t step : steps) {
        objective->set_step(step);
        result.push_back(objective->value());
      }
      return result;
    };
    const auto forward = values(3, {0, 1, 9}), backward = values(3, {9, 1, 0});
    EXPECT_NE(forward[0], forward[1]) << name;
    EXPECT_EQ(forward, std::vector<double>({backward[2], backward[1], backward[0]})) << name;
    EXPECT_NE(forward, values(4, {0, 1, 9})) << name;
  }
  // A batch is a thousandth of an epoch's order: the seven batches of 128 hold different examples.
  Request request;
  request.batch_size = 500;
  const auto objective = make_objective(problem("quadratic_deep"), request);
  const Tensor x = start_of(problem("quadratic_deep"), request);
  objective->move_to(x);
  double mean = 0;
  for (std::uint64_t step = 0; step < 2; ++step) {
    objective->set_step(step);
    mean += objective->value() / 2;
  }
  EXPECT_NEAR(mean, 353.70644520533455, 1e-8);  // both halves of an epoch are the whole
}

TEST(Requests, LogisticRegressionOnGivenData) {
  // Two examples of one feature: the loss is log(1 + exp(-w)) for x = 1 with label 1 and x = -1 with label 0.
  const Problem& p = problem("logistic_regression");
  Request request;
  request.data = Data{Tensor::of({2, 1}, {1, -1}), Tensor::of({2}, {1, 0})};
  request.l2 = 0.1;
  auto objective = make_objective(p, request);
  EXPECT_EQ(objective->size(), 2);
  EXPECT_NEAR(value_at(*objective, Tensor::of({2}, {2, 0})), std::log1p(std::exp(-2.0)) + 0.05 * 4, 1e-14);
  EXPECT_EQ(objective->costs().examples, 2);
  request.data = Data{Tensor::of({3, 1}, {1, -1, 0}), Tensor::of({3}, {1, 0, 2})};
  objective = make_objective(p, request);
  EXPECT_EQ(objective->size(), 6);
  EXPECT_NEAR(value_at(*objective, Tensor::zeros({6}, DType::float64)), std::log(3.0), 1e-14);
  EXPECT_NEAR(value_at(*objective, Tensor::of({6}, {0, 1, 0, 0, 0, 0})),
              (std::log(2 + std::exp(1.0)) - 1 + std::log(2 + std::exp(-1.0)) + std::log(3.0)) / 3 + 0.05, 1e-14);
}

TEST(Requests, CurveFitsOnGivenPoints) {
  const std::vector<std::pair<std::string, double>> at_two = {
      // y(2) for parameters 1.5, 0.5, 3, 2 (as many as there are)
      {"exponential", 1.5 * std::exp(1.0)},
      {"exponential_offset", 1.5 + 0.5 * std::exp(6.0)},
      {"two_exponentials", 1.5 * std::exp(1.0) + 3 * std::exp(4.0)},
      {"logistic", 1.5 / (1 + std::exp(0.5))},
      {"gaussian", 1.5 * std::exp(-0.125)},
      {"michaelis_menten", 1.2},
      {"power", 1.5 * std::sqrt(2.0)}};
  EXPECT_EQ(at_two.size(), curve_models().size());
  for (const auto& [name, y] : at_two) {
    const Problem& p = problem("curve_fit");
    Request request;
    request.model = name;
    request.data = Data{Tensor::of({1, 1}, {2}), Tensor::of({1}, {1})};
    const auto objective = make_objective(p, request);
    const std::vector<double> all = {1.5, 0.5, 3, 2};
    const auto n = objective->size();
    EXPECT_NEAR(value_at(*objective, Tensor::of({n}, std::vector<double>(all.begin(), all.begin() + n))),
                (y - 1) * (y - 1), 1e-11 * y * y)
        << name;
  }
}

TEST(Requests, ProductsKeepTheirPointWhileValuesAreAskedElsewhere) {
  // A line search evaluates values between products at one point: the record for products is on a tape of its own.
  const auto objective = make_objective("rosenbrock", 4);
  const Tensor x = start_of(problem("rosenbrock"), {.dimension = 4}), v = Tensor::of({4}, {1, 2, 3, 4}), a = v.clone(),
               b = v.clone();
  objective->move_to(x);
  multiply(objective->curvature()->hessian, v, a);
  objective->value(), objective->gradient();
  multiply(objective->curvature()->hessian, v, b);
  EXPECT_EQ(a.to_vector(), b.to_vector());
  EXPECT_EQ(objective->costs().products, 2);
  EXPECT_EQ(objective->costs().gradients, 2);  // the gradient, and the record for the products
}

}  // namespace
}  // namespace gradus::problems
