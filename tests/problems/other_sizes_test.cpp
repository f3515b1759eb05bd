// An optimizer that has made its state for some parameters does not take others, and answers before its first step.
#include <gtest/gtest.h>

#include <optional>

#include "optim/recipe.h"
#include "optim/state.h"
#include "tests/problems/points.h"

namespace gradus::problems {
namespace {

struct Shapes final : optim::StateVisitor {
  std::vector<std::int64_t> sizes;
  void tensor(std::string_view, Tensor& value) override {
    if (value.defined()) sizes.push_back(value.size());
  }
  void counter(std::string_view, std::int64_t&) override {}
  void number(std::string_view, double&) override {}
};

std::vector<optim::Recipe> recipes() {
  std::vector<optim::Recipe> all;
  for (const optim::Method& method : optim::methods()) all.push_back({.method = method.name});
  for (const optim::WrapperKind& wrapper : optim::wrappers())
    all.push_back({.method = "momentum", .wrappers = {{wrapper.name}}});
  return all;
}

TEST(OtherSizes, OfTheParametersAreRefused) {
  int tried = 0;
  for (const optim::Recipe& recipe : recipes()) {
    SCOPED_TRACE(recipe.method + (recipe.wrappers.empty() ? "" : "+" + recipe.wrappers[0].name));
    const auto four = make_objective("extended_rosenbrock", 4), two = make_objective("extended_rosenbrock", 2);
    const Tensor theta4 = start_of(problem("extended_rosenbrock"), {.dimension = 4}),
                 theta2 = start_of(problem("extended_rosenbrock"), {.dimension = 2});
    const auto optimizer = optim::make_optimizer(recipe);
    EXPECT_EQ(optimizer->evaluation_point(theta4).to_vector(), theta4.to_vector());  // there is nothing else yet
    optimizer->observe(1);
    const optim::SavedState nothing = optim::save_state(*optimizer);
    optim::restore_state(*optimizer, nothing);
    EXPECT_THROW(optimizer->step(*four, theta2), std::invalid_argument);
    try {
      optimizer->step(*four, theta4);
    } catch (const std::invalid_argument&) {
      continue;  // asks for what this objective does not offer
    }
    ++tried;
    const optim::SavedState saved = optim::save_state(*optimizer);
    const auto resumed = optim::make_optimizer(recipe);
    optim::restore_state(*resumed, saved);
    for (optim::Optimizer* used : {optimizer.get(), resumed.get()}) {
      const std::vector<double> before = theta2.to_vector();
      try {
        used->step(*two, theta2);
        Shapes shapes;
        used->visit(shapes);
        for (const std::int64_t size : shapes.sizes) EXPECT_NE(size, 4) << "state of the parameters before";
      } catch (const std::invalid_argument& error) {
        const std::string what = error.what();
        EXPECT_TRUE(what.find("[2]") != std::string::npos || what.find("slices of theta") != std::string::npos) << what;
        EXPECT_EQ(theta2.to_vector(), before);
      }
    }
  }
  EXPECT_GT(tried, 30);
}

// Nothing that was known of an objective is taken for another one's in the same place.
TEST(OtherObjectives, InTheMemoryOfOneThatIsGoneAreOthers) {
  const Request request{.dimension = 4};
  int tried = 0;
  for (const char* method : {"momentum", "lbfgs", "nonlinear_cg", "newton_cg"})
    for (const optim::WrapperKind& wrapper : optim::wrappers()) {
      SCOPED_TRACE(std::string(method) + "+" + wrapper.name);
      const auto end = [&](bool same_place) {
        const auto optimizer = optim::make_optimizer({.method = method, .wrappers = {{wrapper.name}}});
        const Tensor theta = start_of(problem("extended_rosenbrock"), request);
        std::optional<TapeObjective> first, second;
        first.emplace(problem("extended_rosenbrock").make(request), 4, DType::float64);
        optimizer->step(*first, theta);
        std::optional<TapeObjective>& next = same_place ? first : second;
        next.emplace(problem("sphere").make(request), 4, DType::float64);
        optimizer->step(*next, theta);
        return theta.to_vector();
      };
      try {
        EXPECT_EQ(end(true), end(false));
        ++tried;
      } catch (const std::invalid_argument&) {
        // does not go together
      }
    }
  EXPECT_GT(tried, 20);
}

}  // namespace
}  // namespace gradus::problems
