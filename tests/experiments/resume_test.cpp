// A training that is stopped goes on with the same bits: every method, wrapper and schedule that may be combined.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "experiments/lab/train.h"
#include "experiments/records/executable.h"
#include "nn/layers.h"
#include "nn/losses.h"
#include "optim/recipe.h"
#include "tests/experiments/resumed.h"
#include "tests/sanitized.h"

namespace gradus::lab {
namespace {

// Some points around the corners of a triangle.
Source points(std::int64_t n, std::uint64_t seed) {
  RandomStream random(seed, "points");
  const Tensor inputs = Tensor::uninitialized({n, 4}, DType::float64),
               labels = Tensor::uninitialized({n}, DType::int32);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t axis = 0; axis < 4; ++axis)
      inputs.set(4 * i + axis, (axis == i % 3 ? 1.5 : 0.0) + random.normal());
    labels.set(i, static_cast<double>(i % 3));
  }
  return source_of(inputs, labels, 0, 3);
}

Workload workload_of(const nn::Layer& model) {
  return {.name = "small",
          .model = [model](const Task&) { return model; },
          .loss = nn::cross_entropy,
          .data = Dataset{.train = points(30, 1), .test = points(6, 2)}.with_validation(8),
          .metrics = {loss_metric(), accuracy()}};
}

// 22 examples: batches of 6, 6, 6 and 4.
void small_program(Run& run) {
  const auto optimizer = run.optimizer("sgd");
  const nn::Layer model = nn::Sequential{nn::Linear{4, 5}, nn::Tanh{}, nn::Dropout{0.2}, nn::Linear{5, 3}};
  train(run, workload_of(model), optimizer,
        {.budget = {steps(9)}, .evaluate_every = steps(4), .batch_size = 6, .curvature_batch_size = 5});
}

void expect_same(const std::function<void(Run&)>& body, std::vector<std::string> options,
                 const std::vector<int>& stops) {
  options.emplace_back("--fingerprint-interval=2");
  options.emplace_back("--continue-after-divergence");
  Program whole;
  const int code = whole.run(body, options);
  EXPECT_TRUE(code == 0 || code == records::exit_diverged) << whole.errors;
  EXPECT_EQ(difference_when_stopped(body, options, stops, whole, code), "")
      << fmt::format("{}", fmt::join(options, " "));
}

// The combination as options, if it makes sense.
std::optional<std::vector<std::string>> options_of(const optim::Recipe& recipe) {
  try {
    optim::make_optimizer(recipe);
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
  std::vector<std::string> options{"--optimizer=" + recipe.method};
  std::string names;
  for (const auto& wrapped : recipe.wrappers) names += (names.empty() ? "" : "+") + wrapped.name;
  if (!names.empty()) options.push_back("--wrappers=" + names);
  for (const auto& schedule : recipe.schedules)
    options.push_back(fmt::format("--{}-schedule={}", schedule.hyperparameter, schedule.schedule));
  return options;
}

const optim::Hyperparameter* schedulable(const optim::Method& method) {
  const optim::Hyperparameter* found = nullptr;
  for (const optim::Hyperparameter& h : method.hyperparameters)
    if (h.can_be_scheduled() && (!found || h.name == "learning_rate")) found = &h;
  return found;
}

class Resume : public ::testing::TestWithParam<std::string> {};

TEST_P(Resume, GoesOnWithTheSameBits) {
  records::executable_sha256();  // once, for all that come from this process
  const optim::Method& method = optim::method(GetParam());
  std::vector<optim::Recipe> recipes{{.method = method.name}};
  for (const optim::WrapperKind& kind : optim::wrappers())
    recipes.push_back({.method = method.name, .wrappers = {{kind.name}}});
  recipes.push_back({.method = method.name, .wrappers = {{"sam"}, {"clip_by_norm"}, {"l2_penalty"}, {"ema"}}});
  // Each schedule with every third method: it knows nothing of the method.
  std::size_t turn = method.name.size();
  if (const optim::Hyperparameter* h = schedulable(method))
    for (const auto& kind : optim::schedules())
      if (turn++ % 3 == 0) recipes.push_back({.method = method.name, .schedules = {{h->name, kind.name}}});
  int tried = 0;
  for (const optim::Recipe& recipe : recipes)
    if (const auto options = options_of(recipe)) {
      const int first = 1 + tried++ % 8;  // within a pass, between two, beside an evaluation
      if (sanitized && tried % 8 != 1) continue;
      std::vector<int> stops{first};
      if (tried % 5 == 1) stops.push_back(first + 1);
      expect_same(small_program, *options, stops);
    }
  EXPECT_GT(tried, 0);
}

INSTANTIATE_TEST_SUITE_P(Methods, Resume, ::testing::ValuesIn(optim::methods().names()),
                         [](const auto& one) { return one.param; });

TEST(ResumeModels, NormalisationOverTheWholeSet) {
  const auto body = [](lab::Run& run) {
    const auto optimizer = run.optimizer("sgd");
    const nn::Layer model =
        nn::Sequential{nn::Linear{4, 5}, nn::BatchNorm{5}, nn::Relu{}, nn::Dropout{0.2}, nn::Linear{5, 3}};
    train(run, workload_of(model), optimizer,
          {.budget = {steps(7)}, .evaluate_every = steps(2), .batch_size = whole_set});
  };
  for (const char* method : {"adam", "lbfgs", "newton_cg"})
    for (const int stop : {1, 3, 4}) expect_same(body, {fmt::format("--optimizer={}", method)}, {stop, stop + 1});
}

}  // namespace
}  // namespace gradus::lab
