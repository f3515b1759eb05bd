#include "experiments/lab/metric.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "nn/losses.h"

namespace gradus::lab {
namespace {

using records::Better;

double mean(const Metric::Sums& sums) { return sums[0] / sums[1]; }

void add_loss(const Answers& answers, Metric::Sums& sums) {
  const auto n = static_cast<double>(answers.examples);
  sums[0] += answers.loss * n;
  sums[1] += n;
}

// f(output, target) of each pair of numbers.
template <class F>
void each_pair(const Answers& answers, F&& f) {
  if (answers.outputs.size() != answers.targets.size() || answers.targets.dtype() != answers.outputs.dtype())
    throw std::invalid_argument(fmt::format("metric: outputs {} and targets {} of {}, expected equally many numbers",
                                            answers.outputs.shape().to_string(), answers.targets.shape().to_string(),
                                            name_of(answers.targets.dtype())));
  with_floating(answers.outputs.dtype(), [&]<class T>(T) {
    const auto outputs = answers.outputs.elements<T>(), targets = answers.targets.elements<T>();
    for (std::size_t i = 0; i < outputs.size(); ++i)
      f(static_cast<double>(outputs[i]), static_cast<double>(targets[i]));
  });
}

void check_labels(const Answers& answers) {
  if (answers.targets.dtype() != DType::int32)
    throw std::invalid_argument(fmt::format("accuracy: targets of {}, expected the int32 numbers of classes",
                                            name_of(answers.targets.dtype())));
}

}  // namespace

Metric loss_metric(std::string units) {
  return {
      {.name = "loss", .units = std::move(units), .long_name = "mean loss", .better = Better::lower}, add_loss, mean};
}

Metric accuracy() {
  const auto add = [](const Answers& answers, Metric::Sums& sums) {
    check_labels(answers);
    sums[0] += static_cast<double>(nn::right_answers(answers.outputs, answers.targets));
    sums[1] += static_cast<double>(answers.targets.size());
  };
  return {{.name = "accuracy", .long_name = "share classified correctly", .better = Better::higher}, add, mean};
}

Metric top_k(int k) {
  const auto add = [k](const Answers& answers, Metric::Sums& sums) {
    check_labels(answers);
    sums[0] += static_cast<double>(nn::right_answers(answers.outputs, answers.targets, k));
    sums[1] += static_cast<double>(answers.targets.size());
  };
  return {{.name = fmt::format("top_{}", k),
           .long_name = fmt::format("share whose class is among the {} most likely", k),
           .better = Better::higher},
          add,
          mean};
}

Metric mean_squared_error(std::string units) {
  const auto add = [](const Answers& answers, Metric::Sums& sums) {
    each_pair(answers, [&](double output, double target) { sums[0] += (output - target) * (output - target); });
    sums[1] += static_cast<double>(answers.outputs.size());
  };
  return {{.name = "mean_squared_error",
           .units = std::move(units),
           .long_name = "mean squared error",
           .better = Better::lower},
          add,
          mean};
}

Metric r_squared() {
  // The sums of squares about a running mean (Welford 1962): no digits are lost where the mean is large.
  const auto add = [](const Answers& answers, Metric::Sums& sums) {
    each_pair(answers, [&](double output, double target) {
      auto& [residual, count, mean, squares] = sums;
      residual += (output - target) * (output - target);
      count += 1;
      const double off = target - mean;
      mean += off / count;
      squares += off * (target - mean);
    });
  };
  return {{.name = "r_squared", .long_name = "share of the variance explained", .better = Better::higher},
          add,
          [](const Metric::Sums& sums) { return 1 - sums[0] / sums[3]; }};
}

Metric perplexity() {
  return {{.name = "perplexity", .long_name = "exp of the mean loss", .better = Better::lower},
          add_loss,
          [](const Metric::Sums& sums) { return std::exp(mean(sums)); }};
}

}  // namespace gradus::lab
