#include "experiments/workloads/catapult.h"

#include <fmt/format.h>

#include <cmath>

#include "autodiff/operations.h"
#include "autodiff/tensor/vectors.h"

namespace gradus::workloads {
namespace {

// Rows u and v of equal norms, at the angle at which u^T v / sqrt(n) is the output.
nn::Initializer two_vectors(std::int64_t width, double output, double curvature) {
  const double norm = std::sqrt(static_cast<double>(width) * curvature / 2);
  const double cosine = output / (std::sqrt(static_cast<double>(width)) * curvature / 2);
  if (!(std::abs(cosine) <= 1))
    throw std::invalid_argument(fmt::format("catapult: output {} at curvature {} and width {}, expected at most {}",
                                            output, curvature, width, std::abs(output / cosine)));
  return {"two vectors", [=](const Tensor& parameter, RandomStream& random) {
            const Tensor both = Tensor::zeros({2, width}, DType::float64);
            for (std::int64_t i = 0; i < 2 * width; ++i) both.set(i, random.normal());
            const Tensor u = both.part(0, {width}), v = both.part(width, {width});
            vectors::scale(1 / vectors::norm(u), u);
            if (width > 1) {
              vectors::add_scaled(v, -vectors::dot(u, v), u, v);
              vectors::scale(std::sqrt(1 - cosine * cosine) / vectors::norm(v), v);
              vectors::add_scaled(v, cosine, u, v);
            } else {
              v.set(0, u.at(0) * (cosine < 0 ? -1 : 1));
            }
            vectors::scale(norm, both);
            parameter.copy_from(both);
          }};
}

lab::Metric mean_of_column(std::int64_t column, records::Column about) {
  const auto add = [column](const lab::Answers& answers, lab::Metric::Sums& sums) {
    for (std::int64_t at = column; at < answers.outputs.size(); at += 2) {
      sums[0] += answers.outputs.at(at);
      sums[1] += 1;
    }
  };
  return {std::move(about), add, [](const lab::Metric::Sums& sums) { return sums[0] / sums[1]; }};
}

}  // namespace

CatapultNetwork::CatapultNetwork(std::int64_t width, double output, double curvature)
    : width_(width), begin_(two_vectors(width, output, curvature)) {}

void CatapultNetwork::declare(nn::ParameterScope& scope) { scope.declare(weights_, "weights", {2, width_}, begin_); }

Var CatapultNetwork::forward(nn::Forward& f, const Var& x) const {
  const Var& weights = f[weights_];
  const auto n = static_cast<double>(width_);
  const Var product = sum(slice(weights, 0, 0, 1) * slice(weights, 0, 1, 1)) / std::sqrt(n);
  const Var curvature = sum(square(weights)) / n;
  return concatenate({product * x, curvature * square(x)}, 1);
}

lab::Workload Catapult::make(lab::Run& run) const {
  const std::int64_t n = run.option("width", width, "units of the hidden layer", lab::between(1, 10'000'000));
  const double f = run.option("start_output", output, "at the start");
  const double lambda = run.option("start_curvature", curvature, "at the start", lab::more_than(0));
  run.before_start([=] { lab::from_options([&] { CatapultNetwork(n, f, lambda); }); });
  const auto loss = [](const Var& outputs, const Var& targets) {
    return sum(square(slice(outputs, 1, 0, 1) - targets)) * (0.5 / static_cast<double>(outputs.shape()[0]));
  };
  const lab::Source one = lab::source_of(Tensor::of({1, 1}, {1}), Tensor::of({1, 1}, {0}));
  return {.name = name,
          .model = [=](const lab::Task&) { return CatapultNetwork(n, f, lambda); },
          .loss = {loss, nn::Likelihood::none},
          .data = {.train = one, .test = one},
          .metrics = {lab::loss_metric("1"), mean_of_column(0, {.name = "output", .long_name = "output f"}),
                      mean_of_column(1, {.name = "curvature", .long_name = "curvature lambda at f = 0"})},
          .plan = plan};
}

}  // namespace gradus::workloads
