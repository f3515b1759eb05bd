#include "experiments/lab/fit.h"

#include <fmt/format.h>

#include <stdexcept>

#include "experiments/lab/network_objective.h"

namespace gradus::lab {
namespace {

[[noreturn]] void refuse(const Workload& workload, const std::string& what) {
  throw std::invalid_argument(fmt::format("workload {}: {}", workload.name, what));
}

std::string text_of(const Tensor& numbers) {
  return fmt::format("{} of {}", numbers.shape().to_string(), name_of(numbers.dtype()));
}

void check_targets(const Workload& workload) {
  const Layout targets = workload.data.train.targets();
  if (targets.is_whole && targets.classes == 1) refuse(workload, "all labels are of one class, expected at least two");
  if (workload.loss.likelihood() == nn::Likelihood::categorical && !targets.is_whole && targets.shape.size() < 2)
    refuse(workload,
           "its loss is a cross-entropy and a target one number that is no label, expected int32 labels of classes, or "
           "the share of each class");
}

// The workload's loss, which remembers that it was asked, and for what.
struct Watching {
  const Workload& workload;
  std::string& asked;

  nn::Likelihood likelihood() const { return workload.loss.likelihood(); }
  Var operator()(const Var& outputs, const Var& targets) const {
    const std::int64_t classes = workload.data.train.targets().classes, labels = targets.shape().size();
    if (classes > 0 && outputs.shape().size() != labels * classes)
      refuse(workload,
             fmt::format("the model gives {} numbers for {} of {} classes, expected {}", outputs.shape().size(),
                         labels == 1 ? "a label" : fmt::format("{} labels", labels), classes, labels * classes));
    asked = fmt::format("outputs {} for targets {}", text_of(outputs.value()), text_of(targets.value()));
    return workload.loss(outputs, targets);
  }
};

}  // namespace

void check_fit(const Workload& workload, DType type) {
  check_targets(workload);
  const Source& train = workload.data.train;
  std::string asked;
  NetworkObjective objective(workload.model(task_of(train)), Watching{workload, asked}, type, RandomStream(0));
  const Batch one = train.rows(0, 1, type);
  const auto refuse_part = [&](const std::string& part, const std::exception& error) {
    const std::string what = error.what();
    if (what.starts_with("workload ")) throw std::invalid_argument(what);
    refuse(workload, fmt::format("{}: {}", part, what));
  };
  const auto outputs = [&] {
    try {
      const auto [inputs, answers, loss] =
          objective.forward(Tensor::zeros({objective.size()}, type), one, nn::Mode::evaluate);
      return std::pair(answers, loss.item());
    } catch (const std::invalid_argument& error) {
      refuse_part(asked.empty() ? fmt::format("the model does not take inputs {}", text_of(one.inputs))
                                : fmt::format("the loss does not take {}", asked),
                  error);
      throw;
    }
  }();
  for (const Metric& metric : workload.metrics) {
    Metric::Sums sums{};
    try {
      metric.add({outputs.first.value(), one.targets, outputs.second, NetworkObjective::positions_of(one)}, sums);
    } catch (const std::invalid_argument& error) {
      refuse_part(fmt::format("the metric {} does not take {}", metric.column.name, asked), error);
    }
  }
}

}  // namespace gradus::lab
