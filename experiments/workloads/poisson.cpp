#include "experiments/workloads/poisson.h"

#include <cmath>
#include <numbers>

#include "autodiff/gradient.h"
#include "autodiff/operations.h"
#include "experiments/lab/drawn_source.h"
#include "nn/losses.h"

namespace gradus::workloads {
namespace {

Var column(const Var& x, std::int64_t i) { return slice(x, 1, i, 1); }

// The number of column i of a batch's outputs.
double at(const Tensor& rows, std::int64_t row, std::int64_t i) { return rows.at(2 * row + i); }

// Of u, over the points: the root of the squared errors' sum over that of the squares.
lab::Metric relative_error() {
  const auto add = [](const lab::Answers& answers, lab::Metric::Sums& sums) {
    for (std::int64_t row = 0; row < answers.outputs.shape()[0]; ++row) {
      const double exact = at(answers.targets, row, 1), error = at(answers.outputs, row, 1) - exact;
      sums[0] += error * error;
      sums[1] += exact * exact;
    }
  };
  return {{.name = "relative_error",
           .long_name = "error of the solution, over its size",
           .better = records::Better::lower,
           .draw = records::Draw::log},
          add,
          [](const lab::Metric::Sums& sums) { return std::sqrt(sums[0] / sums[1]); }};
}

// Uniform points, and f and u there.
lab::Drawn points() {
  return {.inputs = {.shape = {2}},
          .targets = {.shape = {2}},
          .draw = [](RandomStream& random, std::int64_t, std::span<double> input, std::span<double> target) {
            constexpr double pi = std::numbers::pi;
            input[0] = random.uniform();
            input[1] = random.uniform();
            target[1] = std::sin(pi * input[0]) * std::sin(pi * input[1]);
            target[0] = 2 * pi * pi * target[1];
          }};
}

}  // namespace

Var NegativeLaplacian::forward(nn::Forward& f, const Var& x) const {
  const Var first = column(x, 0), second = column(x, 1);
  const Var edge = 16 * (first * (1 - first)) * (second * (1 - second));
  const Var u = edge * inner_.forward(f, x);
  const Var slope = record_gradient(sum(u), {x})[0];
  const Var along_first = column(record_gradient(sum(column(slope, 0)), {x})[0], 0);
  const Var along_second = column(record_gradient(sum(column(slope, 1)), {x})[0], 1);
  return concatenate({-(along_first + along_second), u}, 1);
}

lab::Workload Poisson::make(lab::Run& run) const {
  const Model chosen = choose_model(run, model);
  const auto residual = [](const Var& outputs, const Var& targets) {
    return nn::mean_squared_error(column(outputs, 0), column(targets, 0));
  };
  return {.name = name,
          .model =
              [chosen](const Task& task) {
                return NegativeLaplacian(chosen.make({task.input, 1}));
              },
          .loss = {residual, nn::Likelihood::none},
          .data = lab::drawn_dataset(run, points()),
          .metrics = {lab::loss_metric("1"), relative_error()},
          .plan = plan};
}

}  // namespace gradus::workloads
