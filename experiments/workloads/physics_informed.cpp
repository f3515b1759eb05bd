#include "experiments/workloads/physics_informed.h"

#include <cmath>

#include "autodiff/gradient.h"
#include "autodiff/operations.h"
#include "experiments/lab/drawn_source.h"
#include "experiments/lab/remembered_source.h"
#include "nn/loss.h"

namespace gradus::workloads {
namespace {

Var column(const Var& x, std::int64_t i) { return slice(x, 1, i, 1); }

// Of the targets of a point.
enum Target { right_side, solution, weight_within, weight_on_edge, target_count };

// Of u, over the points: the root of the squared errors' sum over that of the squares.
lab::Metric relative_error() {
  const auto add = [](const lab::Answers& answers, lab::Metric::Sums& sums) {
    for (std::int64_t row = 0; row < answers.outputs.shape()[0]; ++row) {
      const double exact = answers.targets.at(target_count * row + solution);
      const double error = answers.outputs.at(2 * row + 1) - exact;
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

// The mean of squares, each with the weight of its point: of the residual within, of the error of u on the edges.
Var squared_residuals(const Var& outputs, const Var& targets) {
  const Var within = column(targets, weight_within) * (column(outputs, 0) - column(targets, right_side));
  const Var on_edge = column(targets, weight_on_edge) * (column(outputs, 1) - column(targets, solution));
  const Var either = within + on_edge;  // of a point one of the two is 0
  return mean(either * either);
}

struct Shift {
  double first, second;
};

double between(double low, double high, double share) { return low + (high - low) * share; }
double fraction(double x) { return x - std::floor(x); }

// Place i of Roberts' sequence in two dimensions, whose number is the plastic constant.
void place_within(const Equation& equation, const Shift& shift, std::int64_t i, std::span<double> point) {
  constexpr double plastic = 1.32471795724474602596;
  const auto n = static_cast<double>(i);
  point[0] = between(equation.low[0], equation.high[0], fraction(shift.first + n / plastic));
  point[1] = between(equation.low[1], equation.high[1], fraction(shift.second + n / (plastic * plastic)));
}

void place_on_edge(const Equation& equation, std::int64_t i, RandomStream& random, std::span<double> point) {
  const auto edge = static_cast<int>(equation.edges[static_cast<std::size_t>(i) % equation.edges.size()]);
  const auto fixed = static_cast<std::size_t>(edge / 2), along = 1 - fixed;
  point[fixed] = edge % 2 == 0 ? equation.low[fixed] : equation.high[fixed];
  point[along] = random.uniform(equation.low[along], equation.high[along]);
}

lab::Drawn examples(
    const std::function<void(RandomStream&, std::int64_t, std::span<double>, std::span<double>)>& draw) {
  return {.inputs = {.shape = {2}}, .targets = {.shape = {target_count}}, .draw = draw};
}

void tell(const Equation& equation, std::span<const double> point, std::span<double> target) {
  target[right_side] = equation.right_side(point[0], point[1]);
  target[solution] = equation.solution(point[0], point[1]);
}

lab::Source training_points(const Equation& equation, std::int64_t within, std::int64_t on_edges, RandomStream stream) {
  RandomStream begin = stream.child("shift");
  const double first = begin.uniform(), second = begin.uniform();
  const auto all = static_cast<double>(within + on_edges);
  const double inner_weight = std::sqrt(all / static_cast<double>(within));
  const double edge_weight = std::sqrt(all / static_cast<double>(on_edges));
  const auto draw = [=](RandomStream& random, std::int64_t row, std::span<double> point, std::span<double> target) {
    if (row < within)
      place_within(equation, {first, second}, row, point);
    else
      place_on_edge(equation, row - within, random, point);
    tell(equation, point, target);
    target[row < within ? weight_within : weight_on_edge] = row < within ? inner_weight : edge_weight;
  };
  return lab::remembered(lab::drawn_source(examples(draw), stream, within + on_edges));
}

lab::Source uniform_points(const Equation& equation, const RandomStream& stream) {
  const auto draw = [=](RandomStream& random, std::int64_t, std::span<double> point, std::span<double> target) {
    for (std::size_t i = 0; i < 2; ++i) point[i] = random.uniform(equation.low[i], equation.high[i]);
    tell(equation, point, target);
    target[weight_within] = 1;
  };
  return lab::remembered(lab::drawn_source(examples(draw), stream, 1000));
}

}  // namespace

FieldAtPoints::FieldAtPoints(const Var& u, const Var& points)
    : u_(u), points_(points), gradient_(record_gradient(sum(u), {points})[0]) {}

Var FieldAtPoints::derivative(int axis) const { return column(gradient_, axis); }

Var FieldAtPoints::second_derivative(int axis) const {
  return column(record_gradient(sum(derivative(axis)), {points_})[0], axis);
}

Var LeftSide::forward(nn::Forward& f, const Var& x) const {
  const FieldAtPoints u(inner_.forward(f, x), x);
  return concatenate({of_(u), u.value()}, 1);
}

lab::Workload PhysicsInformed::make(lab::Run& run, const std::string& name, const Equation& equation) const {
  const Model chosen = choose_model(run, model);
  const std::int64_t within = run.option("points", points, "within, where the equation shall hold", lab::at_least(1));
  const std::int64_t on_edges =
      run.option("edge_points", edge_points, "on the edges, where u is given", lab::at_least(1));
  return {.name = name,
          .model =
              [chosen, equation](const Task& task) {
                return LeftSide(chosen.make({task.input, 1}), equation);
              },
          .loss = {squared_residuals, nn::Likelihood::none},
          .data = {.train = training_points(equation, within, on_edges, run.stream("data")),
                   .validation = uniform_points(equation, RandomStream(0, "validation")),
                   .test = uniform_points(equation, RandomStream(0, "test"))},
          .metrics = {lab::loss_metric("1"), relative_error()},
          .plan = plan};
}

}  // namespace gradus::workloads
