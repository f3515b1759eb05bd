#include "nn/layers/recurrent.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "autodiff/operations.h"

namespace gradus::nn {
namespace {

void require_sizes(const char* cell, std::int64_t in, std::int64_t hidden) {
  if (in < 1 || hidden < 1)
    throw std::invalid_argument(
        fmt::format("{}: {} inputs and {} hidden units, expected at least 1 of each", cell, in, hidden));
}

Initializer pytorch(std::int64_t hidden) {
  const double bound = 1 / std::sqrt(static_cast<double>(hidden));
  return uniform(-bound, bound);
}

Var zeros_of(Tape& tape, std::int64_t batch, std::int64_t hidden) {
  return broadcast_to(tape.scalar(0), {batch, hidden});
}

void require_sequence(const char* cell, const Shape& x, const Var& weight) {
  if (x.rank() != 3 || x[2] != weight.shape()[0] || x[0] < 1)
    throw std::invalid_argument(fmt::format("{}: {}, expected [time, batch, {}] with at least one step", cell,
                                            x.to_string(), weight.shape()[0]));
}

// The input's share of the gates of all steps, in one product.
Var input_gates(const char* cell, const Var& x, const Var& weight, const Var& bias) {
  const Shape shape = x.shape();
  require_sequence(cell, shape, weight);
  const Var gates = affine(reshape(x, {shape[0] * shape[1], shape[2]}), weight, bias);
  return reshape(gates, {shape[0], shape[1], weight.shape()[1]});
}

}  // namespace

RnnCell::RnnCell(std::int64_t in, std::int64_t hidden, bool rectified)
    : in_(in), hidden_(hidden), rectified_(rectified) {
  require_sizes("RnnCell", in, hidden);
}

void RnnCell::declare(ParameterScope& scope) {
  scope.declare(input_weight_, "input_weight", {in_, hidden_}, pytorch(hidden_));
  scope.declare(hidden_weight_, "hidden_weight", {hidden_, hidden_}, pytorch(hidden_), {"recurrent"});
  scope.declare(bias_, "bias", {hidden_}, pytorch(hidden_), {"bias"});
}

RecurrentState RnnCell::zero_state(Tape& tape, std::int64_t batch) const {
  return {zeros_of(tape, batch, hidden_), Var()};
}

RecurrentResult RnnCell::run(Forward& f, const Var& x, const RecurrentState& state) const {
  const Var gates = input_gates("RnnCell", x, f[input_weight_], f[bias_]);
  const RnnResult result = rnn(gates, f[hidden_weight_], state.hidden, rectified_);
  return {result.hidden, {result.last_hidden, Var()}};
}

LstmCell::LstmCell(std::int64_t in, std::int64_t hidden, double forget_bias)
    : in_(in), hidden_(hidden), forget_bias_(forget_bias) {
  require_sizes("LstmCell", in, hidden);
}

void LstmCell::declare(ParameterScope& scope) {
  scope.declare(input_weight_, "input_weight", {in_, 4 * hidden_}, pytorch(hidden_));
  scope.declare(hidden_weight_, "hidden_weight", {hidden_, 4 * hidden_}, pytorch(hidden_), {"recurrent"});
  Initializer bias = pytorch(hidden_);
  if (forget_bias_ != 0) {
    bias.fill = [fill = bias.fill, n = hidden_, more = forget_bias_](const Tensor& parameter, RandomStream& random) {
      fill(parameter, random);
      for (std::int64_t k = n; k < 2 * n; ++k) parameter.set(k, parameter.at(k) + more);
    };
  }
  scope.declare(bias_, "bias", {4 * hidden_}, std::move(bias), {"bias"});
}

RecurrentState LstmCell::zero_state(Tape& tape, std::int64_t batch) const {
  const Var zero = zeros_of(tape, batch, hidden_);
  return {zero, zero};
}

RecurrentResult LstmCell::run(Forward& f, const Var& x, const RecurrentState& state) const {
  require_sequence("LstmCell", x.shape(), f[input_weight_]);
  const LstmResult result = lstm(x, f[input_weight_], f[bias_], f[hidden_weight_], state.hidden, state.cell);
  return {result.hidden, {result.last_hidden, result.last_cell}};
}

GruCell::GruCell(std::int64_t in, std::int64_t hidden) : in_(in), hidden_(hidden) {
  require_sizes("GruCell", in, hidden);
}

void GruCell::declare(ParameterScope& scope) {
  scope.declare(input_weight_, "input_weight", {in_, 3 * hidden_}, pytorch(hidden_));
  scope.declare(hidden_weight_, "hidden_weight", {hidden_, 3 * hidden_}, pytorch(hidden_), {"recurrent"});
  scope.declare(bias_, "bias", {3 * hidden_}, pytorch(hidden_), {"bias"});
  scope.declare(reset_bias_, "reset_bias", {hidden_}, pytorch(hidden_), {"bias"});
}

RecurrentState GruCell::zero_state(Tape& tape, std::int64_t batch) const {
  return {zeros_of(tape, batch, hidden_), Var()};
}

RecurrentResult GruCell::run(Forward& f, const Var& x, const RecurrentState& state) const {
  const Var gates = input_gates("GruCell", x, f[input_weight_], f[bias_]);
  const GruResult result = gru(gates, f[hidden_weight_], f[reset_bias_], state.hidden);
  return {result.hidden, {result.last_hidden, Var()}};
}

template <class Cell>
Recurrent<Cell>::Recurrent(Cell cell, std::int64_t truncation) : cell_(std::move(cell)), truncation_(truncation) {
  if (truncation < 0)
    throw std::invalid_argument(fmt::format("Recurrent: truncation {}, expected 0 for none, or more", truncation));
}

template <class Cell>
Var Recurrent<Cell>::forward(Forward& f, const Var& x) const {
  if (x.shape().rank() != 3)
    throw std::invalid_argument(fmt::format("Recurrent: {}, expected [time, batch, in]", x.shape().to_string()));
  return run(f, x, cell_.zero_state(x.tape(), x.shape()[1])).hidden;
}

template <class Cell>
RecurrentResult Recurrent<Cell>::run(Forward& f, const Var& x, RecurrentState state) const {
  const std::int64_t steps = x.shape()[0];
  if (truncation_ == 0 || truncation_ >= steps) {
    const RecurrentResult result = cell_.run(f, x, state);
    f.hidden_states(result.hidden);
    return result;
  }
  std::array<Var, 32> pieces;  // joined whenever it is full, as an operation takes a limited number of operands
  std::size_t count = 0;
  for (std::int64_t first = 0; first < steps; first += truncation_) {
    if (first > 0) {
      state.hidden = stop_gradient(state.hidden);
      if (state.cell.defined()) state.cell = stop_gradient(state.cell);
    }
    const RecurrentResult piece = cell_.run(f, slice(x, 0, first, std::min(truncation_, steps - first)), state);
    if (count == pieces.size()) {
      pieces[0] = concatenate(pieces, 0);
      count = 1;
    }
    pieces[count++] = piece.hidden;
    state = piece.state;
  }
  const Var hidden = concatenate(std::span(pieces.data(), count), 0);
  f.hidden_states(hidden);
  return {hidden, state};
}

template class Recurrent<RnnCell>;
template class Recurrent<LstmCell>;
template class Recurrent<GruCell>;

}  // namespace gradus::nn
