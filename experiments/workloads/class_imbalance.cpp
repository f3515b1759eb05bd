#include "experiments/workloads/class_imbalance.h"

#include <fmt/format.h>

#include <numeric>

#include "autodiff/operations.h"
#include "experiments/workloads/class_metrics.h"
#include "nn/layers.h"
#include "nn/losses.h"

namespace gradus::workloads {
namespace {

// The mean over the examples of w(label) times the cross-entropy.
class WeightedSum {
 public:
  explicit WeightedSum(const std::vector<double>& weights)
      : weights_(weights),
        doubles_(Tensor::of({std::ssize(weights)}, weights)),
        floats_(doubles_.converted(DType::float32)) {}
  Var operator()(const Var& logits, const Var& labels) const {
    const Tensor& of_class = logits.tape().dtype() == DType::float64 ? doubles_ : floats_;
    double sum = 0;
    const auto rows = labels.value().elements<std::int32_t>();
    for (const std::int32_t label : rows) sum += weights_[static_cast<std::size_t>(label)];
    // That mean divides by the weights' sum.
    return nn::CrossEntropy{.class_weights = of_class}(logits, labels) * (sum / static_cast<double>(rows.size()));
  }

 private:
  std::vector<double> weights_;
  Tensor doubles_, floats_;
};

// K p_k.
std::vector<double> zipf_weights(std::int64_t classes) {
  std::vector<double> weights;
  for (std::int64_t k = 1; k <= classes; ++k) weights.push_back(1 / static_cast<double>(k));
  const double mean = std::accumulate(weights.begin(), weights.end(), 0.0) / static_cast<double>(classes);
  for (double& weight : weights) weight /= mean;
  return weights;
}

}  // namespace

lab::Workload ClassImbalance::make(lab::Run& run) const {
  const std::int64_t all = run.option("classes", classes, "and examples, one of each", lab::between(2, 20'000));
  const Tensor numbers = Tensor::zeros({all}, DType::int32);
  std::iota(numbers.elements<std::int32_t>().begin(), numbers.elements<std::int32_t>().end(), 0);
  // The embedding of a number is the matrix times its unit vector.
  const lab::Source each = lab::source_of(numbers, numbers, all, all);
  std::vector<lab::Metric> metrics = {lab::loss_metric(), lab::accuracy()};
  for (std::int32_t rank = 1; rank <= all; rank *= 10)
    metrics.push_back(loss_of_classes(fmt::format("rank_{}", rank), rank - 1, rank));
  return {.name = name,
          .model = [](const lab::Task& task) { return nn::Embedding(task.tokens, task.outputs, nn::zeros()); },
          .loss = {WeightedSum(zipf_weights(all)), nn::Likelihood::none},
          .data = {.train = each, .test = each},
          .metrics = metrics,
          .plan = plan};
}

}  // namespace gradus::workloads
