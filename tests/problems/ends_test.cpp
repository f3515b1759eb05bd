// Every problem with every method to its end: its status is the truth, and descent is kept. problem_ends is the same
// with more steps, to be run by hand.
#include "tests/problems/ends.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/sanitized.h"

namespace gradus::problems {
namespace {

constexpr std::int64_t steps = 500;
constexpr std::int64_t steps_that_may_be_few = sanitized ? 50 : steps;  // where their limit is an end like others

class Ends : public testing::TestWithParam<std::string> {};

TEST_P(Ends, OfEveryProblemAreWhatTheySay) {
  const optim::Method& method = optim::method(GetParam());
  int refused = 0;
  for (const Problem& problem : problems()) {
    SCOPED_TRACE(problem.name);
    if (const std::string why = refusal_of(problem, method); !why.empty()) {
      EXPECT_NE(why.find("this objective does not offer"), std::string::npos) << why;
      ++refused;
      continue;
    }
    const optim::Recipe recipe{.method = method.name, .values = settings_for_functions(method.name)};
    const End end = run_to_end(problem, recipe, steps_for(problem, method, steps));
    for (const std::string& fault : faults_of(problem, method, end))
      ADD_FAILURE() << fault << ": " << end.value << " after " << end.steps << " steps, " << name_of(end.reason);
  }
  // Nine problems are no sum of squares or the like, and no function has Kronecker factors.
  const std::map<std::string, int> expected{{"gauss_newton", 9},
                                            {"levenberg_marquardt", 9},
                                            {"hessian_free", 9},
                                            {"kfac", static_cast<int>(problems().size())}};
  EXPECT_EQ(refused, expected.contains(method.name) ? expected.at(method.name) : 0);
}

std::vector<std::string> names_of_methods() {
  std::vector<std::string> names;
  for (const optim::Method& method : optim::methods()) names.push_back(method.name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Methods, Ends, testing::ValuesIn(names_of_methods()),
                         [](const auto& one) { return one.param; });

// Where rounding comes early. Not every minimum is reached; the status is the truth all the same.
TEST(Ends, KeepDescentInSinglePrecision) {
  for (const optim::Method& method : optim::methods())
    for (const Problem& problem : problems()) {
      if (!method.about->descends || make_objective(problem)->is_noisy() || !refusal_of(problem, method).empty())
        continue;
      SCOPED_TRACE(problem.name + " by " + method.name);
      const optim::Recipe recipe{.method = method.name, .values = settings_for_functions(method.name)};
      const End end = run_to_end(problem, recipe, steps_that_may_be_few, DType::float32);
      EXPECT_TRUE(!end.diverged || end.met_not_finite);
      EXPECT_TRUE(end.diverged || !end.rose) << "rose above a point on the way";
      EXPECT_TRUE(end.diverged || end.step_limit || end.reason == optim::Reason::converged ||
                  end.reason == optim::Reason::no_progress);
    }
}

// The settings that change how a method descends.
TEST(Ends, AreWhatTheySayInOtherSettings) {
  const std::vector<std::pair<std::string, std::vector<optim::NamedValues>>> variants = {
      {"newton_cg",
       {{{"globalization", "armijo"}},
        {{"globalization", "strong_wolfe"}},
        {{"globalization", "trust_region"}},
        {{"forcing", "eisenstat_walker_2"}}}},
      {"lbfgs", {{{"line_search", "armijo"}}, {{"pairs", "powell"}}}},
      {"nonlinear_cg",
       {{{"beta", "fletcher_reeves"}},
        {{"beta", "hestenes_stiefel"}},
        {{"beta", "dai_yuan"}},
        {{"beta", "hager_zhang"}}}},
      {"levenberg_marquardt", {{{"update", "marquardt"}}}},
      {"hessian_free",
       {{{"preconditioner", "none"}, {"momentum", 0.0}},
        {{"preconditioner", "none"}, {"momentum", 0.5}},
        {{"preconditioner", "none"}, {"momentum", 0.99}},
        {{"preconditioner", "none"}, {"curvature", "hessian"}}}}};
  for (const auto& [name, all] : variants)
    for (const optim::NamedValues& values : all)
      for (const Problem& problem : problems()) {
        const optim::Method& method = optim::method(name);
        std::string text = name;
        for (const auto& [key, value] : values)
          text += " " + key + "=" + (value.is_text() ? value.text() : std::to_string(value.number()));
        SCOPED_TRACE(problem.name + " by " + text);
        if (!refusal_of(problem, method).empty()) continue;
        const End end =
            run_to_end(problem, {.method = name, .values = values}, steps_for(problem, method, steps) / 4 + 1);
        for (const std::string& fault : faults_of(problem, method, end)) {
          if (end.step_limit && fault == "the value is that of no known minimum") continue;  // on its way
          // Along its level lines the monkey saddle is a difference of large terms, and its value their rounding.
          if (fault == "the value has not fallen without bound" && problem.name == "monkey_saddle") continue;
          ADD_FAILURE() << fault << ": " << end.value << " after " << end.steps << " steps, " << name_of(end.reason);
        }
      }
}

}  // namespace
}  // namespace gradus::problems
