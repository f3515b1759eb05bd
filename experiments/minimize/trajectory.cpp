#include "experiments/minimize/trajectory.h"

#include <algorithm>
#include <cmath>

namespace gradus {
namespace {

using records::Better;
using records::Draw;

std::vector<lab::Column> columns(std::int64_t dimension, DType type, bool with_theta) {
  std::vector<lab::Column> all = {
      {.name = "value", .long_name = "value at theta", .better = Better::lower, .draw = Draw::log},
      {.name = "gradient_norm", .long_name = "Euclidean norm of the gradient at theta", .draw = Draw::log},
      {.name = "step_norm",
       .long_name = "Euclidean norm of the step taken from theta; NaN in the last row",
       .draw = Draw::log},
      {"values", "1", "evaluations of the value alone that the method asked for before this row"},
      {"gradients", "1", "gradients that the method asked for before this row, and records for products"},
      {"products", "1", "Hessian and Gauss-Newton products that the method asked for before this row"},
      {"examples", "1", "examples that these evaluations looked at"},
      {"gradient_equivalents", "1", "cost of the evaluations before this row, in gradients of one example"},
      {"evaluation_seconds", "s", "time spent in evaluations for the method before this row"},
      {"seconds", "s", "time spent in the method's steps before this row, evaluations included"}};
  for (auto cost = all.begin() + 3; cost != all.end(); ++cost) cost->draw = Draw::none;
  if (with_theta)
    all.push_back({.name = "theta",
                   .long_name = "the point: for methods that average, the average",
                   .axis = "parameter",
                   .length = dimension,
                   .single_precision = type == DType::float32,
                   .draw = Draw::none});
  return all;
}

}  // namespace

bool TrajectoryPoint::is_finite() const {
  const std::vector<double> point = theta.to_vector();
  return std::isfinite(value) && std::isfinite(gradient_norm) &&
         std::all_of(point.begin(), point.end(), [](double x) { return std::isfinite(x); });
}

Trajectory::Trajectory(lab::Run& run, std::int64_t dimension, DType type, bool with_theta)
    : run_(run), with_theta_(with_theta), keep_path_(dimension == 2) {
  run.start(columns(dimension, type, with_theta));
}

void Trajectory::visit(optim::StateVisitor& visitor) {
  const auto rows = static_cast<std::int64_t>(path_.size());
  Tensor path = Tensor::zeros({rows, 2}, DType::float64);
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t axis = 0; axis < 2; ++axis)
      path.set(2 * i + axis, path_[static_cast<std::size_t>(i)][static_cast<std::size_t>(axis)]);
  visitor.tensor("path", path);
  path_.clear();
  for (std::int64_t i = 0; i < path.size() / 2; ++i) path_.push_back({path.at(2 * i), path.at(2 * i + 1)});
}

void Trajectory::add(const TrajectoryPoint& place, const optim::Costs& costs, double seconds,
                     const optim::StepReport* report, double step_norm) {
  const auto number = [](std::int64_t count) { return static_cast<double>(count); };
  row_ = {place.value,
          place.gradient_norm,
          step_norm,
          number(costs.values),
          number(costs.gradients),
          number(costs.products),
          number(costs.examples),
          costs.gradient_equivalents,
          costs.seconds,
          seconds};
  if (with_theta_)
    for (std::int64_t i = 0; i < place.theta.size(); ++i) row_.push_back(place.theta.at(i));
  if (keep_path_) path_.push_back(place.theta.to_vector());
  if (report) run_.log_solver(place.step, *report);
  run_.log_row(place.step, row_, place.value);
}

}  // namespace gradus
