// Do adaptive methods generalise worse? The construction of Wilson et al. (2017), section 3.3: the first feature alone
// tells the classes apart, the next two are always 1, and each example has features of its own, one for class 1 and
// five for class -1. Expected: gradient descent errs on no new example, an adaptive method calls all the majority's.
//   build/bin/sweep run --output=results/wilson -- build/bin/examples/marginal_value --optimizer=sgd,adam --seed=0:4
//   tools/report results/wilson
#include "autodiff/operations.h"
#include "experiments/lab/train.h"
#include "nn/layers.h"
#include "nn/losses.h"

using namespace gradus;

namespace {

// n examples [6 + 5 n' features], whose own features begin at the number of the first one.
lab::Source examples(std::int64_t n, std::int64_t first, std::int64_t features, double majority, RandomStream random) {
  const Tensor x = Tensor::zeros({n, features}, DType::float64), y = Tensor::zeros({n, 1}, DType::float64);
  for (std::int64_t i = 0; i < n; ++i) {
    const double label = random.uniform() < majority ? 1 : -1;
    y.set(i, label);
    x.set(i * features, label);
    x.set(i * features + 1, 1);
    x.set(i * features + 2, 1);
    const std::int64_t own = 3 + 5 * (first + i);
    for (std::int64_t j = 0; j < (label > 0 ? 1 : 5); ++j) x.set(i * features + own + j, 1);
  }
  return lab::source_of(x, y);
}

lab::Metric right_sign() {
  return {{.name = "accuracy", .long_name = "share of the right sign", .better = records::Better::higher},
          [](const lab::Answers& answers, lab::Metric::Sums& sums) {
            for (std::int64_t i = 0; i < answers.outputs.size(); ++i)
              sums[0] += answers.outputs.at(i) * answers.targets.at(i) > 0;
            sums[1] += static_cast<double>(answers.outputs.size());
          },
          [](const lab::Metric::Sums& sums) { return sums[0] / sums[1]; }};
}

}  // namespace

int main(int argc, char** argv) {
  return lab::main("marginal_value", "Least squares where only one feature matters.", argc, argv, [](lab::Run& run) {
    const std::int64_t n = run.option("examples", 100, "training examples", lab::at_least(2));
    const double majority = run.option("majority", 0.7, "probability of class 1", lab::between(0.5, 1));
    const auto optimizer = run.optimizer("sgd");
    const std::int64_t features = 3 + 5 * 2 * n;
    const auto part = [&](const char* name, std::int64_t first) {
      return examples(n, first, features, majority, run.stream(name));
    };
    const auto linear = [](const lab::Task& task) { return nn::Linear{task.input.size(), 1, nn::zeros()}; };
    const lab::Workload workload{.name = "marginal_value",
                                 .model = linear,
                                 .loss = nn::mean_squared_error,
                                 .data = {.train = part("training", 0), .test = part("test", n)},
                                 .metrics = {lab::loss_metric("1"), right_sign()}};
    const lab::Plan plan{.budget = {lab::steps(2000)}, .evaluate_every = lab::steps(100), .batch_size = lab::whole_set};
    lab::train(run, workload, optimizer, lab::plan_of_options(run, plan));
  });
}
