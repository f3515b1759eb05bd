// Gradients and curvature products of every problem against finite differences.
#include <gtest/gtest.h>

#include "autodiff/operations.h"
#include "tests/problems/points.h"

namespace gradus::problems {
namespace {

struct Place {
  std::string problem;
  std::int64_t dimension;
};

std::vector<Place> places() {
  std::vector<Place> all;
  for (const Problem& p : problems()) {
    all.push_back({p.name, p.dimensions.standard});
    if (p.dimensions.low < p.dimensions.high && !p.implied_dimension)
      all.push_back({p.name, p.dimensions.standard == p.dimensions.low
                                 ? p.dimensions.standard + 3 * p.dimensions.multiple_of
                                 : std::max(p.dimensions.low, p.dimensions.standard - p.dimensions.multiple_of)});
  }
  return all;
}

class Derivatives : public testing::TestWithParam<Place> {
 protected:
  Derivatives() : problem_(problem(GetParam().problem)) { request_.dimension = GetParam().dimension; }

  // Calls f(objective, point, step): at the start, and at two random points near it.
  template <class F>
  void at_points(const F& f) {
    const auto objective = make_objective(problem_, request_);
    const Tensor start = start_of(problem_, request_);
    RandomStream random(1, problem_.name);
    for (int k = 0; k < 3; ++k) {
      const Tensor point = start.clone();
      if (k > 0)  // relative: some starts have elements of very different sizes
        for (std::int64_t i = 0; i < point.size(); ++i)
          point.set(i, start.at(i) * (1 + 0.1 * random.normal()) + 0.02 * random.normal());
      f(*objective, point, random);
    }
  }
  // A direction in proportion to the point, so that a small step is small for every element.
  static Tensor direction_at(const Tensor& point, RandomStream& random) {
    const Tensor v = random_tensor({point.size()}, random);
    for (std::int64_t i = 0; i < v.size(); ++i) v.set(i, v.at(i) * (std::abs(point.at(i)) + 0.01));
    return v;
  }

  const Problem& problem_;
  Request request_;
};

// Richardson's extrapolation of central differences: the error is of fourth order in h.
template <class F>
double slope(const F& f, double h) {
  const double wide = (f(2 * h) - f(-2 * h)) / (4 * h), narrow = (f(h) - f(-h)) / (2 * h);
  return (4 * narrow - wide) / 3;
}

TEST_P(Derivatives, GradientIsTheSlopeOfTheValue) {
  at_points([](TapeObjective& objective, const Tensor& point, RandomStream& random) {
    const Tensor v = direction_at(point, random);
    const double measured = slope([&](double h) { return value_at(objective, moved(point, h, v)); }, 1e-4);
    const Tensor gradient = gradient_at(objective, point);
    EXPECT_NEAR(dot(gradient, v), measured,
                1e-7 * (norm(gradient) * norm(v) + std::abs(value_at(objective, point))) + 1e-12);
  });
}

TEST_P(Derivatives, HessianProductIsTheSlopeOfTheGradient) {
  at_points([](TapeObjective& objective, const Tensor& point, RandomStream& random) {
    const Tensor v = direction_at(point, random), w = direction_at(point, random), product = v.clone();
    const double measured = slope([&](double h) { return dot(gradient_at(objective, moved(point, h, v)), w); }, 1e-4);
    objective.move_to(point);
    multiply(objective.curvature()->hessian, v, product);
    EXPECT_NEAR(dot(product, w), measured,
                1e-7 * (norm(product) * norm(w) + norm(gradient_at(objective, point)) * norm(w)) + 1e-12);
  });
}

TEST_P(Derivatives, GaussNewtonProductIsThatOfTheOutputs) {
  if (!make_objective(problem_, request_)->curvature()->gauss_newton) return;
  // The loss is quadratic in the outputs of a sum of squares, and these are linear in theta where it is not one.
  at_points([&](TapeObjective& objective, const Tensor& point, RandomStream& random) {
    const Tensor v = direction_at(point, random), w = direction_at(point, random), product = v.clone(),
                 hessian = v.clone();
    objective.move_to(point);
    multiply(objective.curvature()->gauss_newton, v, product);
    const auto slopes = [&](const Tensor& along) {
      std::vector<double> result;
      std::vector<Tensor> outputs;
      for (const double h : {-2e-4, -1e-4, 1e-4, 2e-4}) outputs.push_back(objective.outputs(moved(point, h, along)));
      for (std::int64_t i = 0; i < outputs[0].size(); ++i)
        result.push_back((8 * (outputs[2].at(i) - outputs[1].at(i)) - (outputs[3].at(i) - outputs[0].at(i))) / 12e-4);
      return result;
    };
    const std::vector<double> jv = slopes(v), jw = slopes(w);
    double measured = 0, squares = 0, scale = 0;
    for (std::size_t i = 0; i < jv.size(); ++i) {
      measured += 2 * jv[i] * jw[i];
      scale += std::abs(2 * jv[i] * jw[i]);
    }
    const Tensor outputs = objective.outputs(point);
    squares = dot(outputs, outputs);
    if (std::abs(squares - value_at(objective, point)) < 1e-9 * squares) {
      EXPECT_NEAR(dot(product, w), measured, 1e-6 * scale + 1e-12);
    } else {
      objective.move_to(point);
      multiply(objective.curvature()->hessian, v, hessian);
      EXPECT_NEAR(norm(moved(hessian, -1, product)), 0, 1e-10 * norm(hessian));
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Problems, Derivatives, testing::ValuesIn(places()), [](const auto& instance) {
  return instance.param.problem + "_" + std::to_string(instance.param.dimension);
});

TEST(Derivatives, OfAWrongFunctionWouldBeNoticed) {
  // The check above, on a function whose rule is wrong: the angle of the helical valley has no slope if it is not
  // recorded.
  TapeObjective wrong(plain([](const Var& x) { return sum(x * stop_gradient(x)); }), 3, DType::float64);
  const Tensor point = Tensor::of({3}, {1, 2, 3}), v = Tensor::of({3}, {1, 1, 1});
  EXPECT_GT(std::abs(dot(gradient_at(wrong, point), v) -
                     slope([&](double h) { return value_at(wrong, moved(point, h, v)); }, 1e-4)),
            1);
}

TEST(Derivatives, SinglePrecisionAgreesWithDouble) {
  for (const char* name : {"rosenbrock", "helical_valley", "bard", "logistic_regression", "quadratic_deep", "levy"}) {
    Request request;
    const Problem& p = problem(name);
    const auto exact = make_objective(p, request);
    const Tensor x = start_of(p, request);
    const Tensor gradient = gradient_at(*exact, x);
    request.dtype = DType::float32;
    const auto rounded = make_objective(p, request);
    const Tensor y = start_of(p, request);
    EXPECT_EQ(y.dtype(), DType::float32);
    EXPECT_NEAR(value_at(*rounded, y), value_at(*exact, x), 1e-5 * std::abs(value_at(*exact, x))) << name;
    EXPECT_NEAR(norm(moved(gradient, -1, gradient_at(*rounded, y).converted(DType::float64))), 0, 1e-4 * norm(gradient))
        << name;
  }
}

}  // namespace
}  // namespace gradus::problems
