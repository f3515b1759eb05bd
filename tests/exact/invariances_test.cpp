// To what each method is blind, by its formula: declared here, and measured along its path. L is the scale of the loss,
// R a rotation of all parameters, S one of a matrix from both sides, C each parameter's own units, P their order.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "experiments/invariances/deviation.h"

namespace gradus {
namespace {

const std::map<std::string, std::string> declared = {
    // Linear in the gradients.
    {"gradient_descent", "RSP"},
    {"sgd", "RSP"},
    {"momentum", "RSP"},
    {"nesterov", "RSP"},
    {"asgd", "RSP"},
    {"schedule_free_sgd", "RSP"},
    // Each gradient over the size of those of the same parameter.
    {"adam", "LP"},
    {"adamw", "LP"},
    {"amsgrad", "LP"},
    {"rmsprop", "LP"},
    {"adagrad", "LP"},
    {"adadelta", "LP"},
    {"adamax", "LP"},
    {"nadam", "LP"},
    {"adabelief", "LP"},
    {"adan", "LP"},
    {"ademamix", "LP"},
    {"adopt", "LP"},
    {"schedule_free_adamw", "LP"},
    {"prodigy", "LP"},
    {"dadapt_adam", "LP"},
    {"lamb", "LP"},
    {"radam", "P"},  // its first steps are momentum's
    {"yogi", "P"},   // its second moment begins at a number
    // Signs.
    {"signsgd", "LP"},
    {"lion", "LP"},
    {"rprop", "LP"},
    // The gradient over its norm.
    {"lars", "LRSP"},
    // Matrices.
    {"adafactor", "L"},
    {"muon", "LS"},
    {"shampoo", "LS"},
    {"soap", "LS"},
    // Curvature.
    {"gauss_newton", "LRSCP"},
    {"levenberg_marquardt", "LRSP"},  // its damping has units
    {"newton_cg", "LRSP"},            // and so does a solver that ends early
    {"lbfgs", "LRSP"},
    {"nonlinear_cg", "LRSP"},
    {"adahessian", "L"},  // of the same draws
    // They ask for what this problem does not know.
    {"hessian_free", "?"},
    {"kfac", "?"},
    {"sophia", "?"}};

TEST(Invariances, AreThoseOfTheFormula) {
  const std::string letters = "LRSCP";
  ASSERT_EQ(letters.size(), rewritings().size());
  for (const optim::Method& method : optim::methods()) {
    ASSERT_TRUE(declared.contains(method.name)) << method.name << ": declare what it is blind to";
    std::string measured;
    if (const auto found = invariances_of(method)) {
      for (std::size_t i = 0; i < letters.size(); ++i)
        if ((*found)[i]) measured += letters[i];
    } else {
      measured = "?";
    }
    EXPECT_EQ(measured, declared.at(method.name)) << method.name;
  }
  EXPECT_EQ(declared.size(), optim::methods().size());
}

// What a deviation is, of steps so small that the gradient hardly changes: 37 of them lead 37 times as far.
TEST(Invariances, AreMeasuredByTheDistanceOfThePaths) {
  const optim::Recipe descent{.method = "gradient_descent", .values = {{"learning_rate", 1e-6}}};
  const std::vector<double> scaled = deviations(descent, rewritings()[0], 0, 3);
  ASSERT_EQ(scaled.size(), 3U);
  for (const double one : scaled) EXPECT_NEAR(one, 36, 0.1);
  for (const double one : deviations(descent, rewritings()[1], 0, 3)) EXPECT_LT(one, 1e-8);
}

}  // namespace
}  // namespace gradus
