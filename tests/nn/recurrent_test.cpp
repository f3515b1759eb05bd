// Recurrent layers against plain loops, and truncation.
#include "nn/layers/recurrent.h"

#include <cmath>

#include "tests/nn/layer_check.h"

namespace gradus::nn {
namespace {

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }

// Row `column` of x W + h U for one example.
struct Rows {
  const Tensor &input_weight, &hidden_weight;
  double input(const double* x, std::int64_t column) const { return dot(x, input_weight, column); }
  double hidden(const double* h, std::int64_t column) const { return dot(h, hidden_weight, column); }
  static double dot(const double* v, const Tensor& w, std::int64_t column) {
    double total = 0;
    for (std::int64_t k = 0; k < w.shape()[0]; ++k) total += v[k] * w.at(k * w.shape()[1] + column);
    return total;
  }
};

constexpr std::int64_t steps = 5, batch = 2, in = 3, hidden = 4;

// The hidden states of all steps, by the cell's formula: step(x, h, c) updates h and c, which begin at 0.
template <class Step>
std::vector<double> over_time(const Tensor& x, const Step& step) {
  std::vector<double> all(static_cast<std::size_t>(steps * batch * hidden));
  for (std::int64_t b = 0; b < batch; ++b) {
    std::vector<double> h(hidden), c(hidden);
    for (std::int64_t t = 0; t < steps; ++t) {
      step(x.data<double>() + (t * batch + b) * in, h, c);
      std::copy(h.begin(), h.end(), all.begin() + (t * batch + b) * hidden);
    }
  }
  return all;
}

template <class Cell>
void expect_states(const Declared<Recurrent<Cell>>& layer, const Tensor& x, const std::vector<double>& expected) {
  Tape tape(DType::float64);
  const auto leaves = layer.leaves(tape);
  Forward f(leaves, Mode::train, RandomStream(0));
  const Tensor y = layer.layer.forward(f, tape.leaf(x)).value();
  ASSERT_EQ(y.shape(), (Shape{steps, batch, hidden}));
  for (std::int64_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y.at(i), expected[static_cast<std::size_t>(i)], 1e-12);
}

TEST(Recurrent, CellsAreWhatTheirFormulasSay) {
  const Tensor x = random_tensor({steps, batch, in}, 1);
  for (const bool rectified : {false, true}) {
    const Declared layer{Rnn(RnnCell(in, hidden, rectified))};
    const Rows rows{layer["input_weight"], layer["hidden_weight"]};
    expect_states(layer, x, over_time(x, [&](const double* input, std::vector<double>& h, std::vector<double>&) {
                    const std::vector<double> before = h;
                    for (std::int64_t k = 0; k < hidden; ++k) {
                      const double z = rows.input(input, k) + rows.hidden(before.data(), k) + layer["bias"].at(k);
                      h[static_cast<std::size_t>(k)] = rectified ? std::max(z, 0.0) : std::tanh(z);
                    }
                  }));
  }
  const Declared lstm{Lstm(LstmCell(in, hidden))};
  const Rows lstm_rows{lstm["input_weight"], lstm["hidden_weight"]};
  expect_states(lstm, x, over_time(x, [&](const double* input, std::vector<double>& h, std::vector<double>& c) {
                  const std::vector<double> before = h;
                  for (std::int64_t k = 0; k < hidden; ++k) {
                    const auto gate = [&](std::int64_t g) {
                      return lstm_rows.input(input, g * hidden + k) + lstm_rows.hidden(before.data(), g * hidden + k) +
                             lstm["bias"].at(g * hidden + k);
                    };
                    double& cell = c[static_cast<std::size_t>(k)];
                    cell = sigmoid_of(gate(1)) * cell + sigmoid_of(gate(0)) * std::tanh(gate(2));
                    h[static_cast<std::size_t>(k)] = sigmoid_of(gate(3)) * std::tanh(cell);
                  }
                }));
  const Declared gru{Gru(GruCell(in, hidden))};
  const Rows gru_rows{gru["input_weight"], gru["hidden_weight"]};
  expect_states(
      gru, x, over_time(x, [&](const double* input, std::vector<double>& h, std::vector<double>&) {
        const std::vector<double> before = h;
        for (std::int64_t k = 0; k < hidden; ++k) {
          const auto from_input = [&](std::int64_t g) {
            return gru_rows.input(input, g * hidden + k) + gru["bias"].at(g * hidden + k);
          };
          const auto from_hidden = [&](std::int64_t g) { return gru_rows.hidden(before.data(), g * hidden + k); };
          const double r = sigmoid_of(from_input(0) + from_hidden(0)), z = sigmoid_of(from_input(1) + from_hidden(1));
          const double n = std::tanh(from_input(2) + r * (from_hidden(2) + gru["reset_bias"].at(k)));
          h[static_cast<std::size_t>(k)] = (1 - z) * n + z * before[static_cast<std::size_t>(k)];
        }
      }));
}

TEST(Recurrent, LayersPassGradcheckThroughParametersAndInputs) {
  const Tensor x = random_tensor({3, 2, 2}, 1);
  EXPECT_EQ(check_layer(Declared{Rnn(RnnCell(2, 3))}, x), "");
  EXPECT_EQ(check_layer(Declared{Rnn(RnnCell(2, 3, true))}, x), "");
  EXPECT_EQ(check_layer(Declared{Lstm(LstmCell(2, 3))}, x), "");
  EXPECT_EQ(check_layer(Declared{Gru(GruCell(2, 3))}, x), "");
  EXPECT_EQ(check_layer(Declared{Sequential{Lstm(LstmCell(2, 3)), Gru(GruCell(3, 2))}}, x), "");
}

TEST(Recurrent, BeginsAsPyTorchDoesWithAForgetBiasOnRequest) {
  const Declared layer{LstmCell(3, 16, 1)};
  const auto views = layer.set.views(layer.set.initial(DType::float64, RandomStream(3)));
  for (const double w : views[0].to_vector()) EXPECT_LE(std::abs(w), 0.25);
  for (std::int64_t k = 0; k < 64; ++k) EXPECT_LE(std::abs(views[2].at(k) - (k >= 16 && k < 32 ? 1 : 0)), 0.25);
}

template <class Cell>
void check_truncation(const Cell& cell) {
  const Tensor x = random_tensor({7, 2, 2}, 1);
  const Declared whole{Recurrent<Cell>(cell)}, pieces{Recurrent<Cell>(cell, 3)};
  Tape tape(DType::float64);
  const auto leaves = whole.leaves(tape);
  Forward f(leaves, Mode::train, RandomStream(0)), g(leaves, Mode::train, RandomStream(0));
  const Var input = tape.leaf(x), y = whole.layer.forward(f, input), z = pieces.layer.forward(g, input);
  ASSERT_EQ(z.shape(), y.shape());
  for (std::int64_t i = 0; i < y.shape().size(); ++i) EXPECT_NEAR(y.value().at(i), z.value().at(i), 1e-14);
  // Of the last state (step 6) with respect to the inputs: the last piece begins at step 6, the one before at step 3.
  const Tensor of_whole = gradient(sum(slice(y, 0, 6, 1)), {input})[0],
               of_last = gradient(sum(slice(z, 0, 6, 1)), {input})[0];
  const Tensor of_middle = gradient(sum(slice(z, 0, 5, 1)), {input})[0];
  for (std::int64_t t = 0; t < 7; ++t)
    for (std::int64_t i = t * 4; i < (t + 1) * 4; ++i) {
      EXPECT_NE(of_whole.at(i), 0);
      EXPECT_EQ(of_last.at(i) == 0, t < 6) << t;
      EXPECT_EQ(of_middle.at(i) == 0, t < 3 || t > 5) << t;
    }
}

TEST(Recurrent, TruncationKeepsTheValuesAndCutsTheDerivative) {
  check_truncation(RnnCell(2, 3));
  check_truncation(LstmCell(2, 3));
  check_truncation(GruCell(2, 3));
}

TEST(Recurrent, JoinsManyPieces) {
  const Tensor x = random_tensor({150, 1, 2}, 1);
  const Declared whole{Lstm(LstmCell(2, 3))}, pieces{Lstm(LstmCell(2, 3), 1)};
  Tape tape(DType::float64);
  const auto leaves = whole.leaves(tape);
  Forward f(leaves, Mode::train, RandomStream(0)), g(leaves, Mode::train, RandomStream(0));
  const Tensor y = whole.layer.forward(f, tape.leaf(x)).value(), z = pieces.layer.forward(g, tape.leaf(x)).value();
  ASSERT_EQ(z.shape(), y.shape());
  for (std::int64_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y.at(i), z.at(i), 1e-13);
}

TEST(Recurrent, ContinuesFromAState) {
  const Tensor x = random_tensor({6, 2, 2}, 1);
  const Declared layer{Lstm(LstmCell(2, 3))};
  Tape tape(DType::float64);
  const auto leaves = layer.leaves(tape);
  Forward f(leaves, Mode::train, RandomStream(0));
  const Var input = tape.leaf(x), all = layer.layer.forward(f, input);
  const LstmCell cell(2, 3);
  const RecurrentResult first = layer.layer.run(f, slice(input, 0, 0, 4), cell.zero_state(tape, 2));
  const RecurrentResult second = layer.layer.run(f, slice(input, 0, 4, 2), first.state);
  for (std::int64_t i = 0; i < 12; ++i) EXPECT_NEAR(second.hidden.value().at(i), all.value().at(4 * 6 + i), 1e-14);
  EXPECT_EQ(second.state.hidden.value().to_vector(), second.hidden.value().rows(1, 1).to_vector());
  // The derivative flows through the state that was handed on.
  const auto of = [&](const Var& total) { return gradient(total, {leaves[0], leaves[1], leaves[2]}); };
  const auto a = of(sum(all)), b = of(sum(first.hidden) + sum(second.hidden));
  for (std::size_t p = 0; p < a.size(); ++p)
    for (std::int64_t i = 0; i < a[p].size(); ++i) EXPECT_NEAR(a[p].at(i), b[p].at(i), 1e-12);
}

TEST(Recurrent, BidirectionalReadsFromBothEnds) {
  const Declared layer{Bidirectional(Gru(GruCell(in, hidden)), Lstm(LstmCell(in, 2)))};
  const Tensor x = random_tensor({steps, batch, in}, 1);
  EXPECT_EQ(layer.set.slices().front().name, "forward.input_weight");
  EXPECT_EQ(layer.set.slices().back().name, "backward.bias");
  EXPECT_EQ(check_layer(layer, x), "");
  const auto last_of_changed = [&](std::int64_t changed) {
    Tape tape(DType::float64);
    const auto leaves = layer.leaves(tape);
    Forward f(leaves, Mode::train, RandomStream(0));
    const Tensor other = x.clone();
    for (std::int64_t i = 0; i < batch * in; ++i) other.set(changed * batch * in + i, 0.3);
    const Var y = layer.layer.forward(f, tape.leaf(other));
    EXPECT_EQ(y.shape(), (Shape{steps, batch, hidden + 2}));
    return y.value().clone();
  };
  // What comes later is known to the second layer alone, what came before to the first.
  const Tensor first = last_of_changed(0), last = last_of_changed(steps - 1);
  for (std::int64_t t = 1; t + 1 < steps; ++t)
    for (std::int64_t unit = 0; unit < hidden + 2; ++unit) {
      const std::int64_t at = t * batch * (hidden + 2) + unit;
      Tape tape(DType::float64);
      const auto leaves = layer.leaves(tape);
      Forward f(leaves, Mode::train, RandomStream(0));
      const double plain = layer.layer.forward(f, tape.leaf(x)).value().at(at);
      EXPECT_EQ(first.at(at) != plain, unit < hidden);
      EXPECT_EQ(last.at(at) != plain, unit >= hidden);
    }
}

TEST(Recurrent, SaysWhatIsWrong) {
  const Declared layer{Lstm(LstmCell(2, 3))};
  Tape tape(DType::float64);
  const auto leaves = layer.leaves(tape);
  Forward f(leaves, Mode::train, RandomStream(0));
  const Tensor wide = random_tensor({4, 2, 3}, 1), flat = random_tensor({4, 2}, 1);
  EXPECT_EQ(refusal_of([&] { layer.layer.forward(f, tape.leaf(wide)); }),
            "LstmCell: [4, 2, 3], expected [time, batch, 2] with at least one step");
  EXPECT_EQ(refusal_of([&] { layer.layer.forward(f, tape.leaf(flat)); }),
            "Recurrent: [4, 2], expected [time, batch, in]");
  EXPECT_EQ(refusal_of([] { Lstm(LstmCell(2, 3), -1); }), "Recurrent: truncation -1, expected 0 for none, or more");
  EXPECT_EQ(refusal_of([] { GruCell(0, 3); }), "GruCell: 0 inputs and 3 hidden units, expected at least 1 of each");
  const Tensor x = random_tensor({4, 5, 2}, 1);
  const Var state = LstmCell(2, 3).zero_state(tape, 4).hidden;
  EXPECT_EQ(refusal_of([&] {
              layer.layer.run(f, tape.leaf(x), {state, state});
            }),
            "lstm: x [4, 5, 2], v [2, 12], b [12], w [3, 12], h0 [4, 3], c0 [4, 3], expected x [steps, batch, "
            "in], v [in, 4 hidden], b [4 hidden], w [hidden, 4 hidden], h0 [batch, hidden], c0 [batch, hidden]");
  EXPECT_EQ(swap_time(tape.leaf(x)).shape(), (Shape{5, 4, 2}));
}

}  // namespace
}  // namespace gradus::nn
