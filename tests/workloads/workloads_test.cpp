// Every workload: its loss falls, its derivative is one, and all that it evaluates is a number. A workload that is
// added needs no line here, unless a smaller version spares time.
#include "experiments/workloads/workloads.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <optional>

#include "autodiff/tensor/vectors.h"
#include "experiments/lab/train.h"
#include "experiments/records/executable.h"
#include "optim/optimizer.h"
#include "tests/experiments/idx_files.h"
#include "tests/experiments/resumed.h"
#include "tests/sanitized.h"
#include "tests/workloads/runs.h"

namespace gradus::workloads {
namespace {

const std::map<std::string, std::vector<std::string>> smaller = {{"adding", {"--length=20", "--hidden=16"}},
                                                                 {"copying", {"--delay=5", "--hidden=16"}},
                                                                 {"delayed-xor", {"--length=10", "--hidden=16"}},
                                                                 {"characters", {"--length=16", "--width=16"}},
                                                                 {"deep-autoencoder", {"--sizes=784,32,4"}},
                                                                 {"fashion-resnet", {"--first-width=4"}},
                                                                 {"class-imbalance", {"--classes=50"}},
                                                                 {"zipf-words", {"--words=100"}},
                                                                 {"license-texts", {"--words=100"}}};

// Images of 28 x 28 whose class is a bright stripe, for the workloads that read files.
void put_images(const TemporaryFolder& folder, const std::string& prefix, std::uint32_t count) {
  std::string images, labels;
  for (std::uint32_t i = 0; i < count; ++i) {
    RandomStream noise(i, prefix);  // no two pixels of a window are often equal
    for (std::uint32_t pixel = 0; pixel < 784; ++pixel)
      images += static_cast<char>(noise.below(50) + (pixel / 56 == i % 10 ? 200 : 0));
    labels += static_cast<char>(i % 10);
  }
  put_file(folder / (prefix + "-images-idx3-ubyte"), idx_bytes({count, 28, 28}, images));
  put_file(folder / (prefix + "-labels-idx1-ubyte"), idx_bytes({count}, labels));
}

class Workloads : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    put_images(folder_, "train", 400);
    put_images(folder_, "t10k", 20);
    std::vector<std::string> arguments{"--validation-examples=20"};
    if (const auto more = smaller.find(GetParam()); more != smaller.end())
      arguments.insert(arguments.end(), more->second.begin(), more->second.end());
    std::vector<std::string> with_images = arguments;
    with_images.push_back("--data-dir=" + folder_.path().string());
    const NamedWorkload& kind = workloads().find(GetParam());
    try {
      run_.reset(new lab::Run(run_with(with_images)));
      workload_ = kind.make(*run_);
      options_ = with_images;
    } catch (const lab::UsageError&) {  // its data are computed
      run_.reset(new lab::Run(run_with(arguments)));
      workload_ = kind.make(*run_);
      options_ = arguments;
    }
  }

  // So many examples to train on, or all of them.
  lab::Source first(std::int64_t count) const {
    return workload_->data.train.first(std::min(count, workload_->data.train.size()));
  }

  TemporaryFolder folder_;
  std::vector<std::string> options_;  // of the workload
  std::unique_ptr<lab::Run> run_;
  std::optional<lab::Workload> workload_;
};

TEST_P(Workloads, LearnsAFewExamples) {
  const lab::Source few = first(16);
  const auto optimizer = optim::make_optimizer("adam", {{"learning_rate", 0.003}});
  lab::Trainer trainer(*run_, workload_->model(lab::task_of(few)), workload_->loss, *optimizer);
  const std::vector<double> before = trainer.evaluate(few, workload_->metrics);
  const lab::Batch batch = few.rows(0, few.size(), run_->dtype());
  double first = 0, last = 0;
  for (int step = 0; step < 40; ++step) {
    last = trainer.step(batch).loss;
    if (step == 0) first = last;
  }
  EXPECT_LT(last, first);
  EXPECT_TRUE(std::isfinite(before.front()));
  for (const lab::Source* set : {&workload_->data.validation, &workload_->data.test}) {
    if (!set->defined()) continue;
    const std::vector<double> values = trainer.evaluate(*set, workload_->metrics, 200);
    for (std::size_t i = 0; i < values.size(); ++i)
      EXPECT_TRUE(std::isfinite(values[i])) << workload_->metrics[i].column.name;
  }
}

TEST_P(Workloads, HasTheDerivativeOfItsLoss) {
  const lab::Source few = first(4);
  lab::NetworkObjective objective(workload_->model(lab::task_of(few)), workload_->loss, DType::float64,
                                  RandomStream(1));
  const lab::Batch batch = few.rows(0, few.size(), DType::float64);
  objective.set_batch(batch);
  const Tensor theta = objective.parameters().initial(DType::float64, RandomStream(2)), moved = theta.clone();
  objective.move_to(theta);
  const Tensor gradient = objective.gradient().clone();
  const double norm = vectors::norm(gradient);
  ASSERT_GT(norm, 0);
  const auto value_at = [&](double distance) {
    vectors::add_scaled(theta, distance / norm, gradient, moved);
    objective.move_to(moved);
    return objective.value();
  };
  const double h = 1e-6;
  EXPECT_NEAR((value_at(h) - value_at(-h)) / (2 * h), norm, 1e-4 * norm);
}

// What a page or a sweep asks of it.
TEST_P(Workloads, EndsByItself) {
  EXPECT_EQ(workload_->name, GetParam());
  EXPECT_FALSE(workload_->plan.budget.empty());
  EXPECT_FALSE(workload_->metrics.empty());
  EXPECT_TRUE(workload_->data.test.defined() || workload_->data.train.is_endless());
}

// Those that the program knows.
std::vector<std::string> known(const std::function<void(lab::Run&)>& body, std::vector<std::string> options) {
  std::erase_if(options, [&](const std::string& option) {
    lab::Program asked;
    return asked.run(body, {option, "--stop-at=0"}) == records::exit_usage &&
           asked.errors.find("unknown option " + option.substr(0, option.find('='))) != std::string::npos;
  });
  return options;
}

// With the same bits: dropout, running statistics, recurrent states, and data without end.
TEST_P(Workloads, GoesOnAfterAStop) {
  records::executable_sha256();  // once, for all that come from this process
  const auto body = [](lab::Run& run) {
    const lab::Workload workload = workloads().find(GetParam()).make(run);
    const auto optimizer = run.optimizer("sgd");
    lab::train(
        run, workload, optimizer,
        {.budget = {lab::steps(5)}, .evaluate_every = lab::steps(2), .batch_size = 8, .evaluation_examples = 20});
  };
  const std::vector<std::string> own = known(body, options_);
  for (const char* method : {"adam", "sgd", "lbfgs"}) {
    if (sanitized && method != std::string("adam")) break;
    std::vector<std::string> options = own;
    options.push_back(std::string("--optimizer=") + method);
    options.emplace_back("--fingerprint-interval=1");
    options.emplace_back("--continue-after-divergence");
    lab::Program whole;
    const int code = whole.run(body, options);
    EXPECT_TRUE(code == 0 || code == records::exit_diverged) << whole.errors;
    EXPECT_EQ(lab::difference_when_stopped(body, options, {2, 3}, whole, code), "") << method;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Workloads, ::testing::ValuesIn(workloads().names()), [](const auto& one) {
  std::string name = one.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace gradus::workloads
