// Recurrent layers. Sequences have time first, x[time, batch, in] -> [time, batch, hidden], so that one product serves
// all steps; TimeFirst (nn/layers/sequences.h) turns [batch, time, features] around. Every parameter begins uniform in
// +-1 / sqrt(hidden), as in PyTorch.
#pragma once

#include "nn/layer.h"

namespace gradus::nn {

// What a recurrent cell carries from step to step, each [batch, hidden]; `cell` is the LSTM's alone.
struct RecurrentState {
  Var hidden, cell;
};
struct RecurrentResult {
  Var hidden;            // of every step, [time, batch, hidden]
  RecurrentState state;  // after the last
};

// A cell is a value with declare(scope), zero_state(tape, batch), run(f, xs, state) over x[time, batch, in], and
// hidden_size(). Gates lie side by side in the columns of the weights, in PyTorch's order.

// h' = tanh(x W + h U + b), or relu. One bias where PyTorch has two, of which only the sum matters.
class RnnCell {
 public:
  RnnCell(std::int64_t in, std::int64_t hidden, bool rectified = false);
  // "input_weight" [in, hidden], "hidden_weight" [hidden, hidden], "bias" [hidden]
  void declare(ParameterScope& scope);
  RecurrentState zero_state(Tape& tape, std::int64_t batch) const;
  RecurrentResult run(Forward& f, const Var& x, const RecurrentState& state) const;
  std::int64_t hidden_size() const { return hidden_; }

 private:
  std::int64_t in_, hidden_;
  bool rectified_;
  ParameterId input_weight_{"RnnCell"}, hidden_weight_{"RnnCell"}, bias_{"RnnCell"};
};

// Hochreiter & Schmidhuber (1997) with forget gate; gates i, f, g, o (autodiff/operations/lstm.h). One bias where
// PyTorch has two, of which only the sum matters. `forget_bias` is added to the bias of f as it begins (Jozefowicz et
// al. 2015 recommend 1).
class LstmCell {
 public:
  LstmCell(std::int64_t in, std::int64_t hidden, double forget_bias = 0);
  // "input_weight" [in, 4 hidden], "hidden_weight" [hidden, 4 hidden], "bias" [4 hidden]
  void declare(ParameterScope& scope);
  RecurrentState zero_state(Tape& tape, std::int64_t batch) const;
  RecurrentResult run(Forward& f, const Var& x, const RecurrentState& state) const;
  std::int64_t hidden_size() const { return hidden_; }

 private:
  std::int64_t in_, hidden_;
  double forget_bias_;
  ParameterId input_weight_{"LstmCell"}, hidden_weight_{"LstmCell"}, bias_{"LstmCell"};
};

// Cho et al. (2014); gates r, z, n, the reset gate after the product (autodiff/operations/gru.h), as in PyTorch. The
// bias inside the reset gate is apart; of PyTorch's other pairs only the sums matter, and are "bias".
class GruCell {
 public:
  GruCell(std::int64_t in, std::int64_t hidden);
  // "input_weight" [in, 3 hidden], "hidden_weight" [hidden, 3 hidden], "bias" [3 hidden], "reset_bias" [hidden]
  void declare(ParameterScope& scope);
  RecurrentState zero_state(Tape& tape, std::int64_t batch) const;
  RecurrentResult run(Forward& f, const Var& x, const RecurrentState& state) const;
  std::int64_t hidden_size() const { return hidden_; }

 private:
  std::int64_t in_, hidden_;
  ParameterId input_weight_{"GruCell"}, hidden_weight_{"GruCell"}, bias_{"GruCell"}, reset_bias_{"GruCell"};
};

// A cell over time, from a state of zeros: x[time, batch, in] -> [time, batch, hidden]. With a truncation of k > 0, no
// derivative flows from a step into those before the last multiple of k (truncated back-propagation through time;
// Williams & Peng 1990).
template <class Cell>
class Recurrent {
 public:
  explicit Recurrent(Cell cell, std::int64_t truncation = 0);
  void declare(ParameterScope& scope) { cell_.declare(scope); }
  Var forward(Forward& f, const Var& x) const;
  // From a state given: the derivative flows into it, unless stop_gradient() keeps it out.
  RecurrentResult run(Forward& f, const Var& x, RecurrentState state) const;

 private:
  Cell cell_;
  std::int64_t truncation_;
};
using Rnn = Recurrent<RnnCell>;
using Lstm = Recurrent<LstmCell>;
using Gru = Recurrent<GruCell>;

extern template class Recurrent<RnnCell>;
extern template class Recurrent<LstmCell>;
extern template class Recurrent<GruCell>;

}  // namespace gradus::nn
