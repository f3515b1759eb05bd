// Every first-order optimizer against a transcription of its published formula, step by step.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "optim/optimizer.h"
#include "tests/optim/problems.h"
#include "tests/optim/transcriptions/transcriptions.h"

namespace gradus::optim {
namespace {

const std::vector<Problem>& problems() {
  static const std::vector<Problem> all{quadratic(), rosenbrock(), tanh_network(), shaped_quadratic()};
  return all;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> joined;
    for (const auto& [part, defaults] : transcriptions()) joined.insert(joined.end(), part.begin(), part.end());
    return joined;
  }();
  return all;
}

NamedValues with_rate(const Case& c, std::size_t problem) {
  NamedValues values = c.given;
  values.push_back({"learning_rate", c.rates[problem]});
  return values;
}

// What the library does: the point that the case is about after each step. The loss that each step reports goes to
// `losses`.
Path library_path(const Problem& problem, const Case& c, const NamedValues& values, DType type, int count,
                  Vector* losses = nullptr) {
  const auto objective = problem.objective(type);
  const auto method = make_optimizer(c.optimizer, values);
  const Tensor theta = Tensor::of({objective->size()}, problem.start, type);
  Path path;
  for (int t = 1; t <= count; ++t) {
    const StepReport report = method->step(*objective, theta);
    if (losses) losses->push_back(report.loss);
    path.push_back((c.of == Case::Of::theta ? theta : method->evaluation_point(theta)).to_vector());
  }
  return path;
}

// The largest difference of two vectors, relative to the largest element of the second; infinite where anything is NaN.
double relative_difference(const Vector& a, const Vector& b) {
  double difference = 0, scale = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double d = std::abs(a[i] - b[i]);
    if (!std::isfinite(d)) return INFINITY;
    difference = std::max(difference, d);
    scale = std::max(scale, std::abs(b[i]));
  }
  return difference / scale;
}

class Trajectory : public ::testing::TestWithParam<Case> {};

TEST_P(Trajectory, FollowsThePublishedFormula) {
  const Case& c = GetParam();
  for (std::size_t p = 0; p < problems().size(); ++p) {
    const Problem& problem = problems()[p];
    SCOPED_TRACE(problem.name);
    const NamedValues values = with_rate(c, p);
    const Path expected = c.transcription(problem, {c.optimizer, values});
    Vector losses;
    const Path path = library_path(problem, c, values, DType::float64, steps, &losses);
    ASSERT_EQ(expected.size(), static_cast<std::size_t>(steps));
    Vector unused(problem.start.size());
    for (std::size_t t = 0; t < expected.size(); ++t) {
      ASSERT_EQ(path[t].size(), expected[t].size());
      ASSERT_LE(relative_difference(path[t], expected[t]), 1e-10) << "after step " << t + 1;
      if (c.of != Case::Of::theta) continue;
      const double loss = problem.function(t == 0 ? problem.start : expected[t - 1], unused);
      ASSERT_NEAR(losses[t], loss, 1e-10 * std::max(1.0, std::abs(loss))) << "at step " << t + 1;
    }
    // Something was done: a path that stays where it began, or that runs away, would prove little.
    EXPECT_GT(relative_difference(expected.back(), problem.start), 1e-2);
    EXPECT_LT(problem.function(expected.back(), unused), problem.function(problem.start, unused));
  }
}

TEST_P(Trajectory, IsTheSameInFloat32AsFarAsItsPrecisionGoes) {
  const Case& c = GetParam();
  for (std::size_t p = 0; p < problems().size(); ++p) {
    SCOPED_TRACE(problems()[p].name);
    const NamedValues values = with_rate(c, p);
    const Path expected = c.transcription(problems()[p], {c.optimizer, values});
    const Path path = library_path(problems()[p], c, values, DType::float32, 10);
    for (std::size_t t = 0; t < path.size(); ++t)
      ASSERT_LE(relative_difference(path[t], expected[t]), 1e-4) << "after step " << t + 1;
  }
}

// Each value that a case gives changes the path by far more than the tolerance, so an ignored one would be noticed.
TEST_P(Trajectory, DependsOnEachHyperparameterThatIsGiven) {
  const Case& c = GetParam();
  for (const auto& [name, value] : c.given) {
    double difference = 0;
    for (std::size_t p = 0; p < problems().size(); ++p) {
      NamedValues values = with_rate(c, p);
      const Path path = library_path(problems()[p], c, values, DType::float64, steps);
      std::erase_if(values, [&, &given = name](const auto& named) { return named.first == given; });
      const Path other = library_path(problems()[p], c, values, DType::float64, steps);
      for (std::size_t t = 0; t < path.size(); ++t)
        difference = std::max(difference, relative_difference(other[t], path[t]));
    }
    EXPECT_GT(difference, 1e-5) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Optimizers, Trajectory, ::testing::ValuesIn(cases()),
                         [](const auto& tested) { return tested.param.name; });

bool is_default(const Hyperparameter& h, const GivenValue& value) {
  if (value.is_text()) return h.choices.at(static_cast<std::size_t>(h.default_value)) == value.text();
  return h.default_value == value.number();
}

// A new first-order method, or a new hyperparameter of an old one, must come with a transcription here. Methods that
// ask for more than a gradient have tests of their own.
TEST(Trajectories, CoverEveryMethodAndEachOfItsHyperparameters) {
  for (const Method& m : methods()) {
    if (m.family == Family::curvature) continue;
    const auto uses = [&](const Case& c) { return c.optimizer == m.name; };
    EXPECT_TRUE(std::any_of(cases().begin(), cases().end(), uses)) << m.name << " has no transcription";
    for (const Hyperparameter& h : m.hyperparameters) {
      if (h.name == "learning_rate") continue;  // given by every case
      const bool given = std::any_of(cases().begin(), cases().end(), [&](const Case& c) {
        return uses(c) && std::any_of(c.given.begin(), c.given.end(), [&](const auto& named) {
                 return named.first == h.name && !is_default(h, named.second);
               });
      });
      EXPECT_TRUE(given) << m.name << ": " << h.name << " has its default value in every case";
    }
  }
}

// Transcriptions read the slices from the problem, the library's methods from the objective.
TEST(Problems, HaveTheSlicesOfTheirObjectives) {
  for (const Problem& problem : problems()) {
    SCOPED_TRACE(problem.name);
    const auto objective = problem.objective(DType::float64);
    const std::span<const ParameterSlice> slices = objective->slices();
    ASSERT_EQ(slices.size(), problem.slices.size());
    std::int64_t end = 0;
    for (std::size_t i = 0; i < slices.size(); ++i) {
      EXPECT_EQ(slices[i].name, problem.slices[i].name);
      EXPECT_EQ(slices[i].shape, problem.slices[i].shape);
      EXPECT_EQ(slices[i].offset, problem.slices[i].offset);
      EXPECT_EQ(slices[i].tags, problem.slices[i].tags);
      EXPECT_EQ(slices[i].offset, end);
      end += slices[i].size();
    }
    EXPECT_EQ(end, objective->size());
    EXPECT_EQ(end, std::ssize(problem.start));
  }
}

}  // namespace
}  // namespace gradus::optim
