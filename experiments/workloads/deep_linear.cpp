#include "experiments/workloads/deep_linear.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "autodiff/operations.h"

namespace gradus::workloads {
namespace {

nn::Initializer identity(double factor) {
  return {"identity", [factor](const Tensor& parameter, RandomStream&) {
            parameter.fill(0);
            const std::int64_t n = parameter.shape()[0];
            for (std::int64_t i = 0; i < n; ++i) parameter.set(i * (n + 1), factor);
          }};
}

// The rows sqrt(n) s_i e_i.
Tensor diagonal(const std::vector<double>& s) {
  const auto n = std::ssize(s);
  const Tensor rows = Tensor::zeros({n, n}, DType::float64);
  for (std::int64_t i = 0; i < n; ++i)
    rows.set(i * (n + 1), std::sqrt(static_cast<double>(n)) * s[static_cast<std::size_t>(i)]);
  return rows;
}

// a / s of one mode, from the example that shows it.
lab::Metric learnt(std::int64_t mode, double strength) {
  const auto add = [mode](const lab::Answers& answers, lab::Metric::Sums& sums) {
    const std::int64_t n = answers.outputs.shape()[1];
    for (std::int64_t at = mode; at < answers.outputs.size(); at += n) {
      sums[0] += answers.outputs.at(at) * answers.targets.at(at);
      sums[1] += answers.targets.at(at) * answers.targets.at(at);
    }
  };
  return {{.name = fmt::format("learnt_{}", mode),
           .long_name = fmt::format("share learnt of the mode of strength {}", strength),
           .better = records::Better::higher},
          add,
          [](const lab::Metric::Sums& sums) { return sums[0] / sums[1]; }};
}

}  // namespace

LinearChain::LinearChain(std::int64_t n, std::int64_t layers, double product)
    : n_(n),
      begin_(identity(std::pow(product, 1 / static_cast<double>(layers)))),
      weights_(static_cast<std::size_t>(layers), nn::ParameterId("LinearChain")) {}

void LinearChain::declare(nn::ParameterScope& scope) {
  for (std::size_t i = 0; i < weights_.size(); ++i) scope.declare(weights_[i], std::to_string(i + 1), {n_, n_}, begin_);
}

Var LinearChain::forward(nn::Forward& f, const Var& x) const {
  Var y = x;
  for (const nn::ParameterId& weight : weights_) y = matmul(y, f[weight]);
  return y;
}

lab::Workload DeepLinear::make(lab::Run& run) const {
  const std::vector<double> s =
      lab::parse_numbers("strengths", run.option("strengths", fmt::format("{}", fmt::join(strengths, ",")),
                                                 "of the modes: singular values of the map to be learnt, each above 0",
                                                 lab::numbers_or("strengths", {})));
  for (const double one : s)
    if (!(one > 0)) throw lab::UsageError(fmt::format("--strengths: {}, expected numbers above 0", one));
  const std::int64_t depth = run.option("layers", layers, "matrices, one after the other", lab::between(1, 1000));
  const double product =
      run.option("start", start, "of each mode: the product of its layers' weights", lab::more_than(0));
  const auto loss = [](const Var& outputs, const Var& targets) {
    return sum(square(outputs - targets)) * (0.5 / static_cast<double>(outputs.shape()[0]));
  };
  const lab::Source all = lab::source_of(diagonal(std::vector<double>(s.size(), 1)), diagonal(s));
  std::vector<lab::Metric> metrics = {lab::loss_metric("1")};
  for (std::size_t i = 0; i < s.size(); ++i) metrics.push_back(learnt(static_cast<std::int64_t>(i), s[i]));
  return {.name = name,
          .model = [depth, product](const lab::Task& task) { return LinearChain(task.outputs, depth, product); },
          .loss = {loss, nn::Likelihood::none},
          .data = {.train = all, .test = all},
          .metrics = metrics,
          .plan = plan};
}

}  // namespace gradus::workloads
