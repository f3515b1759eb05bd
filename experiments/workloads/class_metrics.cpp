#include "experiments/workloads/class_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <stdexcept>

namespace gradus::workloads {
namespace {

using records::Better;

// f(logits of an example, its label) for those of some classes.
template <class F>
void each_of(const lab::Answers& answers, std::int32_t first, std::int32_t last, const F& f) {
  const Shape& shape = answers.outputs.shape();
  if (answers.targets.dtype() != DType::int32 || shape.rank() != 2 || shape[0] != answers.targets.size())
    throw std::invalid_argument(
        fmt::format("metric of classes: outputs {} and targets {} of {}, expected logits [n, "
                    "classes] and int32 labels [n]",
                    shape.to_string(), answers.targets.shape().to_string(), name_of(answers.targets.dtype())));
  with_floating(answers.outputs.dtype(), [&]<class T>(T) {
    const std::span<const T> logits = answers.outputs.elements<T>();
    const auto classes = static_cast<std::size_t>(shape[1]);
    const std::span<const std::int32_t> labels = answers.targets.elements<std::int32_t>();
    for (std::size_t i = 0; i < labels.size(); ++i)
      if (labels[i] >= first && labels[i] < last)
        f(logits.subspan(i * classes, classes), static_cast<std::size_t>(labels[i]));
  });
}

std::string classes(std::int32_t first, std::int32_t last) {
  return last == first + 1 ? fmt::format("class {}", first) : fmt::format("classes {} to {}", first, last - 1);
}

double mean(const lab::Metric::Sums& sums) { return sums[0] / sums[1]; }

}  // namespace

lab::Metric accuracy_of_classes(const std::string& name, std::int32_t first, std::int32_t last) {
  const auto add = [first, last](const lab::Answers& answers, lab::Metric::Sums& sums) {
    each_of(answers, first, last, [&](auto logits, std::size_t label) {
      sums[0] += std::max_element(logits.begin(), logits.end()) - logits.begin() == std::ssize(logits.first(label));
      sums[1] += 1;
    });
  };
  return {{.name = "accuracy_" + name,
           .long_name = "share classified correctly of " + classes(first, last),
           .better = Better::higher},
          add,
          mean};
}

lab::Metric loss_of_classes(const std::string& name, std::int32_t first, std::int32_t last) {
  const auto add = [first, last](const lab::Answers& answers, lab::Metric::Sums& sums) {
    each_of(answers, first, last, [&](auto logits, std::size_t label) {
      const double largest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
      double sum = 0;
      for (const auto logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
      sums[0] += largest + std::log(sum) - static_cast<double>(logits[label]);
      sums[1] += 1;
    });
  };
  return {{.name = "loss_" + name,
           .units = "nat",
           .long_name = "mean loss of " + classes(first, last),
           .better = Better::lower},
          add,
          mean};
}

lab::Metric cross_entropy_metric() {
  lab::Metric metric = loss_of_classes("", 0, std::numeric_limits<std::int32_t>::max());
  metric.column.name = "loss";
  metric.column.long_name = "mean cross-entropy";
  return metric;
}

}  // namespace gradus::workloads
