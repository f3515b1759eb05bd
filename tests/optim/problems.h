// Functions to minimise, each in plain loops (value and gradient) and as an objective for the library.
#pragma once

#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "autodiff/gradient.h"
#include "nn/layers.h"
#include "nn/losses.h"
#include "optim/objective.h"
#include "tests/optim/problem.h"
#include "tests/support/objectives.h"

namespace gradus::optim {

// Without slices, theta is one vector.
inline Problem plain_problem(std::string name, Vector start, Function function,
                             std::vector<ParameterSlice> slices = {}) {
  const auto size = static_cast<std::int64_t>(start.size());
  const auto objective = [=](DType type) { return std::make_unique<FunctionObjective>(function, size, type, slices); };
  const std::vector<ParameterSlice> whole{{"theta", {size}, 0, {}}};
  return {std::move(name), std::move(start), function, objective, slices.empty() ? whole : slices};
}

// theta^T A theta / 2 - b^T theta in n dimensions, A = B B^T / n + I / 2 with random B and b.
inline Function random_quadratic(std::size_t n) {
  const Vector random = random_numbers(n * n, 1), b = random_numbers(n, 2);
  Vector a(n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t k = 0; k < n; ++k)
        a[i * n + j] += random[i * n + k] * random[j * n + k] / static_cast<double>(n);
      if (i == j) a[i * n + j] += 0.5;
    }
  return [=](const Vector& theta, Vector& gradient) {
    double value = 0;
    for (std::size_t i = 0; i < n; ++i) {
      double product = 0;
      for (std::size_t j = 0; j < n; ++j) product += a[i * n + j] * theta[j];
      gradient[i] = product - b[i];
      value += theta[i] * (product / 2 - b[i]);
    }
    return value;
  };
}

inline Problem quadratic() { return plain_problem("quadratic", random_numbers(10, 3), random_quadratic(10)); }

// The quadratic of parts of every kind: matrices with fewer and with more rows than columns, three axes that make a
// square one, an embedding, a vector that starts at 0, a single number, and a matrix on which nothing depends.
inline Problem shaped_quadratic() {
  const std::vector<ParameterSlice> slices{{"wide", {3, 6}, 0, {}},       {"tall", {6, 4}, 18, {}},
                                           {"kernel", {3, 1, 3}, 42, {}}, {"table", {4, 2}, 51, {"embedding"}},
                                           {"bias", {4}, 59, {"bias"}},   {"scale", {}, 63, {}},
                                           {"unused", {2, 3}, 64, {}}};
  constexpr std::size_t used = 64, size = 70, bias = 59;
  Vector start = random_numbers(size, 3);
  for (std::size_t i = bias; i < bias + 4; ++i) start[i] = 0;
  const Function function = [of_used = random_quadratic(used)](const Vector& theta, Vector& gradient) {
    Vector part(theta.begin(), theta.begin() + used), part_gradient(used);
    const double value = of_used(part, part_gradient);
    for (std::size_t i = 0; i < size; ++i) gradient[i] = i < used ? part_gradient[i] : 0;
    return value;
  };
  return plain_problem("shaped quadratic", start, function, slices);
}

// Rosenbrock (1960): 100 (y - x^2)^2 + (1 - x)^2 from his starting point.
inline Problem rosenbrock() {
  return plain_problem("rosenbrock", {-1.2, 1}, [](const Vector& theta, Vector& gradient) {
    const double x = theta[0], y = theta[1], valley = y - x * x;
    gradient[0] = -400 * x * valley - 2 * (1 - x);
    gradient[1] = 200 * valley;
    return 100 * valley * valley + (1 - x) * (1 - x);
  });
}

// A network on the tape with the mean squared error on one batch.
class NetworkObjective final : public Objective {
 public:
  NetworkObjective(nn::Sequential model, const Tensor& inputs, const Tensor& targets, DType type)
      : model_(std::move(model)), inputs_(inputs.converted(type)), targets_(targets.converted(type)), tape_(type) {
    nn::ParameterScope scope(parameters_);
    model_.declare(scope);
  }
  std::int64_t size() const override { return parameters_.size(); }
  DType dtype() const override { return tape_.dtype(); }
  std::span<const ParameterSlice> slices() const override { return parameters_.slices(); }

 protected:
  double compute_value(const Tensor& theta) override { return loss(theta).item(); }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    const Var value = loss(theta);
    gradus::gradient(value, leaves_, parameters_.views(gradient));
    return value.item();
  }
  std::int64_t examples() const override { return inputs_.shape()[0]; }

 private:
  Var loss(const Tensor& theta) {
    tape_.reset();
    leaves_.clear();
    for (const Tensor& view : parameters_.views(theta)) leaves_.push_back(tape_.leaf(view));
    nn::Forward pass(leaves_, nn::Mode::train, RandomStream(0));
    return nn::mean_squared_error(model_.forward(pass, tape_.leaf(inputs_)), tape_.leaf(targets_));
  }

  nn::Sequential model_;
  nn::ParameterSet parameters_;
  Tensor inputs_, targets_;
  Tape tape_;
  std::vector<Var> leaves_;
};

// Mean squared error of o = tanh(x W + b) V + c, layers 10-20-5, on 12 random examples. theta is W | b | V | c, with
// a row of W or V for each input. The function is written out by hand; the objective is the library's layers and tape.
inline Problem tanh_network() {
  constexpr std::size_t examples = 12, in = 10, hidden = 20, out = 5;
  constexpr std::size_t b = in * hidden, v = b + hidden, c = v + hidden * out, size = c + out;
  const Vector x = random_numbers(examples * in, 4), y = random_numbers(examples * out, 5);
  Vector start = random_numbers(size, 6);
  for (double& s : start) s *= 0.5;

  const Function function = [=](const Vector& theta, Vector& gradient) {
    double loss = 0;
    for (double& g : gradient) g = 0;
    for (std::size_t e = 0; e < examples; ++e) {
      double activation[hidden], error_of_activation[hidden] = {};
      for (std::size_t j = 0; j < hidden; ++j) {
        double sum = theta[b + j];
        for (std::size_t i = 0; i < in; ++i) sum += x[e * in + i] * theta[i * hidden + j];
        activation[j] = std::tanh(sum);
      }
      for (std::size_t k = 0; k < out; ++k) {
        double sum = theta[c + k];
        for (std::size_t j = 0; j < hidden; ++j) sum += activation[j] * theta[v + j * out + k];
        const double difference = sum - y[e * out + k];
        loss += difference * difference / (examples * out);
        const double error = 2 * difference / (examples * out);
        gradient[c + k] += error;
        for (std::size_t j = 0; j < hidden; ++j) {
          gradient[v + j * out + k] += activation[j] * error;
          error_of_activation[j] += theta[v + j * out + k] * error;
        }
      }
      for (std::size_t j = 0; j < hidden; ++j) {
        const double error = error_of_activation[j] * (1 - activation[j] * activation[j]);
        gradient[b + j] += error;
        for (std::size_t i = 0; i < in; ++i) gradient[i * hidden + j] += x[e * in + i] * error;
      }
    }
    return loss;
  };
  const auto objective = [=](DType type) {
    return std::make_unique<NetworkObjective>(
        nn::Sequential{nn::Linear{in, hidden}, nn::Tanh{}, nn::Linear{hidden, out}}, Tensor::of({examples, in}, x),
        Tensor::of({examples, out}, y), type);
  };
  const std::vector<ParameterSlice> slices{{"0.weight", {in, hidden}, 0, {}},
                                           {"0.bias", {hidden}, b, {"bias"}},
                                           {"2.weight", {hidden, out}, v, {}},
                                           {"2.bias", {out}, c, {"bias"}}};
  return {"network", start, function, objective, slices};
}

}  // namespace gradus::optim
