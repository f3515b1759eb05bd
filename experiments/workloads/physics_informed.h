// A network that solves a differential equation on a rectangle by having small residuals at points of it (Raissi et al.
// 2019). An equation is a value, and a workload of its own a file like heat.h.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "experiments/workloads/models.h"
#include "experiments/workloads/workload.h"
#include "nn/layer.h"

namespace gradus::workloads {

// What a network gives at points x[batch, 2], and its derivatives there, which are recorded on the tape, to be
// differentiated further. Each is [batch, 1].
class FieldAtPoints {
 public:
  // u[batch, 1], of which each row depends on its own row of the points only.
  FieldAtPoints(const Var& u, const Var& points);
  const Var& value() const { return u_; }
  Var derivative(int axis) const;
  Var second_derivative(int axis) const;

 private:
  Var u_, points_, gradient_;
};

// left_side(u) = right_side on a rectangle, with u given on some of its edges.
struct Equation {
  enum class Edge { low_first, high_first, low_second, high_second };  // where a coordinate has its end

  std::array<double, 2> low = {0, 0}, high = {1, 1};
  std::vector<Edge> edges;
  std::function<Var(const FieldAtPoints& u)> left_side;
  std::function<double(double first, double second)> right_side = [](double, double) { return 0.0; };
  std::function<double(double first, double second)> solution;
};

// Points [batch, 2] -> [batch, 2]: the left side of an equation, and u, which the inner layer gives.
class LeftSide {
 public:
  LeftSide(nn::Layer inner, const Equation& equation) : inner_(std::move(inner)), of_(equation.left_side) {}
  void declare(nn::ParameterScope& scope) { inner_.declare(scope); }
  Var forward(nn::Forward& f, const Var& x) const;

 private:
  nn::Layer inner_;
  std::function<Var(const FieldAtPoints& u)> of_;
};

// Trained on fixed points, all of them in a batch by default: those within, where the equation shall hold, fill the
// rectangle evenly (the additive sequence of Roberts 2018); those on the edges, where u is given, are uniform. Both
// begin elsewhere for each seed. The loss is the mean square of the equation's residual plus that of u's error on the
// edges; over a batch, its unbiased estimate. Validation and test are on 1,000 uniform points each.
struct PhysicsInformed {
  Model model;
  std::int64_t points = 900, edge_points = 120;
  lab::Plan plan = {.budget = {lab::steps(1000)}, .evaluate_every = lab::steps(50), .batch_size = 0};

  lab::Workload make(lab::Run& run, const std::string& name, const Equation& equation) const;
};

}  // namespace gradus::workloads
