// A small network that is trained, and whoever looks on: an instrument of the tests' own, which sees what others see.
#pragma once

#include <functional>
#include <utility>

#include "autodiff/operations.h"
#include "experiments/lab/instruments/instruments.h"
#include "experiments/lab/train.h"
#include "nn/layers.h"
#include "nn/losses.h"
#include "tests/experiments/program.h"
#include "tests/support/tensors.h"

namespace gradus::lab {

// What the body of a program throws is the program's error.
inline void expect(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what);
}
inline void expect_near(double found, double expected, double tolerance, const std::string& what) {
  if (!(std::abs(found - expected) <= tolerance))
    throw std::runtime_error(what + ": " + std::to_string(found) + ", expected " + std::to_string(expected));
}

class Witness final : public Instrument {
 public:
  explicit Witness(std::string name, std::function<void(const Moment&)> see, std::int64_t every = 1)
      : Instrument(std::move(name), every), see_(std::move(see)) {}

 protected:
  std::vector<records::Column> columns(const Watched&) override { return {{.name = "seen"}}; }
  void measure(const Moment& at, std::vector<double>& row) override {
    see_(at);
    row = {1};
  }

 private:
  std::function<void(const Moment&)> see_;
};

// 3 - 4 - 2 with tanh, 26 parameters, on 12 examples of numbers.
constexpr std::int64_t network_parameters = 3 * 4 + 4 + 4 * 2 + 2;

inline Workload network(std::vector<nn::Layer> layers = {nn::Linear{3, 4}, nn::Tanh{}, nn::Linear{4, 2}}) {
  return {.name = "network",
          .model = [layers](const Task&) { return nn::Sequential(layers); },
          .loss = nn::mean_squared_error,
          .data = {.train = source_of(random_tensor({12, 3}, 1), random_tensor({12, 2}, 2))},
          .metrics = {loss_metric()}};
}

// The network's outputs as a function of all parameters, written out; `hidden` is given the activations.
inline Var network_outputs(Tape& tape, const Var& theta, const Tensor& x, Var* hidden = nullptr) {
  const auto piece = [&](std::int64_t first, const Shape& shape) {
    return reshape(slice(theta, 0, first, shape.size()), shape);
  };
  const Var h = tanh(affine(tape.leaf(x), piece(0, {3, 4}), piece(12, {4})));
  if (hidden) *hidden = h;
  return affine(h, piece(16, {4, 2}), piece(24, {2}));
}
inline Var network_loss(Tape& tape, const Var& theta, const Batch& batch) {
  return nn::mean_squared_error(network_outputs(tape, theta, batch.inputs), tape.leaf(batch.targets));
}

// The numbers of a row of a column.
inline std::vector<double> numbers(const Instrument& instrument, const std::string& column, std::int64_t row) {
  const records::MetricTable& table = instrument.table();
  for (std::size_t i = 0; i < table.columns().size(); ++i) {
    if (table.columns()[i].name != column) continue;
    const std::int64_t length = table.columns()[i].length;
    const auto first = table.values(i).begin() + row * length;
    return {first, first + length};
  }
  throw std::runtime_error(instrument.name() + " has no column " + column);
}
inline double number(const Instrument& instrument, const std::string& column, std::int64_t row) {
  return numbers(instrument, column, row).at(0);
}

}  // namespace gradus::lab
