// Products, convolution, pooling, recurrent cells, and what only moves numbers, at the ends of the number range.
#include "autodiff/checkpoint.h"
#include "tests/autodiff/extremes_probe.h"

namespace gradus::extremes {
namespace {

using Index = std::size_t;
template <class In>
using NumberOf = std::decay_t<decltype(std::declval<In>()[0][0])>;

const Tensor& indices() {
  static const Tensor tensor = Tensor::indices({2, 0, 2});
  return tensor;
}
const Tensor& mask() {
  static const Tensor tensor = Tensor::of({6}, {1, 0, 0, 2, 0, -1});
  return tensor;
}

// A result whose element i is element from[i] of the first operand, or 0 where that is -1.
Formula moved(std::vector<int> from) {
  return formula([from](const auto& in) {
    std::vector<NumberOf<decltype(in)>> y;
    for (const int place : from) y.push_back(place < 0 ? 0 : in[0][static_cast<Index>(place)]);
    return y;
  });
}

// y[m, n] = a b, of sizes m, k and n, plus a bias if there is a third operand.
Formula product_formula(Index m, Index k, Index n) {
  return formula([=](const auto& in) {
    std::vector<NumberOf<decltype(in)>> y;
    for (Index i = 0; i < m; ++i)
      for (Index j = 0; j < n; ++j) {
        NumberOf<decltype(in)> sum = in.size() > 2 ? in[2][j] : 0;
        for (Index l = 0; l < k; ++l) sum += in[0][i * k + l] * in[1][l * n + j];
        y.push_back(sum);
      }
    return y;
  });
}

// Images [1, size, size, channels] under kernels [r, r, channels, out], in steps of 1 without padding.
Formula convolution_formula(Index size, Index channels, Index r, Index out) {
  return formula([=](const auto& in) {
    std::vector<NumberOf<decltype(in)>> y;
    const Index places = size - r + 1;
    for (Index i = 0; i < places; ++i)
      for (Index j = 0; j < places; ++j)
        for (Index o = 0; o < out; ++o) {
          NumberOf<decltype(in)> sum = in.size() > 2 ? in[2][o] : 0;
          for (Index a = 0; a < r; ++a)
            for (Index b = 0; b < r; ++b)
              for (Index c = 0; c < channels; ++c)
                sum += in[0][((i + a) * size + j + b) * channels + c] * in[1][((a * r + b) * channels + c) * out + o];
          y.push_back(sum);
        }
    return y;
  });
}

// f(the numbers of a window) for 2 x 2 windows on images [1, 4, 4, 2], in steps of 2 without padding.
template <class F>
Formula window_formula(F f) {
  return formula([f](const auto& in) {
    std::vector<NumberOf<decltype(in)>> y;
    for (Index i = 0; i < 2; ++i)
      for (Index j = 0; j < 2; ++j)
        for (Index c = 0; c < 2; ++c) {
          std::vector<NumberOf<decltype(in)>> window;
          for (Index a = 0; a < 2; ++a)
            for (Index b = 0; b < 2; ++b) window.push_back(in[0][((2 * i + a) * 4 + 2 * j + b) * 2 + c]);
          y.push_back(f(window));
        }
    return y;
  });
}

const bool moving = add_probes({
    {{"reshape"},
     {{2, 3}},
     [](Tape&, const Leaves& x) {
       return reshape(x[0], {3, 2});
     },
     moved({0, 1, 2, 3, 4, 5})},
    {{"slice"}, {{2, 3}}, [](Tape&, const Leaves& x) { return slice(x[0], 1, 1, 2); }, moved({1, 2, 4, 5})},
    {{"pad"}, {{2, 2}}, [](Tape&, const Leaves& x) { return pad(x[0], 1, 1, 3); }, moved({-1, 0, 1, -1, 2, 3})},
    {{"permute"},
     {{2, 3}},
     [](Tape&, const Leaves& x) {
       return permute(x[0], {1, 0});
     },
     moved({0, 3, 1, 4, 2, 5})},
    {{"part"}, {{2, 3}}, [](Tape&, const Leaves& x) { return part(x[0], 1, {2}); }, moved({1, 2})},
    {{"put_part"}, {{2}}, [](Tape&, const Leaves& x) { return put_part(x[0], 1, {4}); }, moved({-1, 0, 1, -1})},
    {{"broadcast_to"},
     {{2, 1}},
     [](Tape&, const Leaves& x) {
       return broadcast_to(x[0], {2, 3});
     },
     moved({0, 0, 0, 1, 1, 1})},
    {{"gather"},
     {{3, 2}},
     [](Tape& t, const Leaves& x) { return gather(x[0], t.leaf(indices())); },
     moved({4, 5, 0, 1, 4, 5})},
    {{"take_from_row"},
     {{3, 3}},
     [](Tape& t, const Leaves& x) { return take_from_row(x[0], t.leaf(indices())); },
     moved({2, 3, 8})},
    {{"put_in_row"},
     {{3}},
     [](Tape& t, const Leaves& x) { return apply(ops::PutInRow{3}, x[0], t.leaf(indices())); },
     moved({-1, -1, 0, 1, -1, -1, -1, -1, 2})},
    {{"scatter_add"},
     {{3, 1}},
     [](Tape& t, const Leaves& x) { return scatter_add(x[0], t.leaf(indices()), 3); },
     formula([](const auto& in) {
       return std::vector<NumberOf<decltype(in)>>{in[0][1], 0, in[0][0] + in[0][2]};
     })},
    {{"concatenate"},
     {{1, 2}, {1, 1}},
     [](Tape&, const Leaves& x) {
       return concatenate({x[0], x[1]}, 1);
     },
     formula([](const auto& in) {
       return std::vector{in[0][0], in[0][1], in[1][0]};
     })},
    // Selection: what is not chosen has no influence, even if it is NaN.
    {{"where", "select"},
     {{6}, {6}},
     [](Tape& t, const Leaves& x) { return where(t.copy(mask()), x[0], x[1]); },
     formula([](const auto& in) {
       std::vector<NumberOf<decltype(in)>> y;
       for (Index i = 0; i < 6; ++i) y.push_back(mask().at(static_cast<std::int64_t>(i)) != 0 ? in[0][i] : in[1][i]);
       return y;
     })},
    {{"dropout"}, {{12}}, [](Tape&, const Leaves& x) { return dropout(x[0], 0.5, 7); }, formula([](const auto& in) {
       Tape tape(DType::float64);
       const Tensor ones = Tensor::full({12}, 1, DType::float64);
       const std::vector<double> kept = dropout(tape.leaf(ones), 0.5, 7).value().to_vector();
       std::vector<NumberOf<decltype(in)>> y;
       for (Index i = 0; i < 12; ++i) y.push_back(kept[i] != 0 ? 2 * in[0][i] : 0);
       return y;
     })},
    {{"checkpoint"},
     {{4}},
     [](Tape&, const Leaves& x) {
       return checkpoint([](Tape&, std::span<const Var> in) { return scale(in[0], 2); }, x);
     },
     formula([](const auto& in) {
       auto y = in[0];
       for (auto& v : y) v = 2 * v;
       return y;
     })},
    {{"reverse"}, {{4}}, [](Tape&, const Leaves& x) { return reverse(x[0], 0); }, formula([](const auto& in) {
       auto y = in[0];
       std::reverse(y.begin(), y.end());
       return y;
     })},
    // Partial sums overflow, as IEEE 754 has it, so the largest numbers stay away.
    {{"cumulative_sum"},
     {{5}},
     [](Tape&, const Leaves& x) { return cumulative_sum(x[0], 0); },
     formula([](const auto& in) {
       auto y = in[0];
       for (Index i = 1; i < 5; ++i) y[i] = y[i - 1] + in[0][i];
       return y;
     }),
     {16, 8, 16},
     false},
    {{"take_at_max", "put_at_max"},
     {{5}, {5}},
     [](Tape&, const Leaves& x) { return apply(ops::TakeAtMax{0}, x[0], x[1]); },
     formula([](const auto& in) { return std::vector{in[0][place_of_largest(in[1])]}; })},
});

const FunctionOfLeaves conv = [](Tape&, const Leaves& x) { return conv2d(x[0], x[1]); };
const bool products = add_probes({
    {{"matmul"},
     {{3, 4}, {4, 2}},
     [](Tape&, const Leaves& x) { return matmul(x[0], x[1]); },
     product_formula(3, 4, 2),
     {32, 32, 64},
     false},
    {{"matmul"},
     {{17, 5}, {5, 19}},
     [](Tape&, const Leaves& x) { return matmul(x[0], x[1]); },
     product_formula(17, 5, 19),
     {32, 32, 64},
     false},
    {{"affine"},
     {{3, 4}, {4, 2}, {2}},
     [](Tape&, const Leaves& x) { return affine(x[0], x[1], x[2]); },
     product_formula(3, 4, 2),
     {32, 32, 64},
     false},
    {{"batch_matmul"},
     {{1, 3, 4}, {1, 4, 2}},
     [](Tape&, const Leaves& x) { return batch_matmul(x[0], x[1]); },
     product_formula(3, 4, 2),
     {32, 32, 64},
     false},
    {{"conv2d", "conv2d_input_derivative", "conv2d_weight_derivative"},
     {{1, 4, 4, 2}, {3, 3, 2, 2}},
     conv,
     convolution_formula(4, 2, 3, 2),
     {64, 64, 64},
     false},
    {{"conv2d_bias"},
     {{1, 4, 4, 2}, {3, 3, 2, 2}, {2}},
     [](Tape&, const Leaves& x) { return conv2d(x[0], x[1], x[2]); },
     convolution_formula(4, 2, 3, 2),
     {64, 64, 64},
     false},
    // NaN in a window is its largest: the value shows it, and the derivative goes to its place.
    {{"max_pool2d", "put_at_pool_max"},
     {{1, 4, 4, 2}},
     [](Tape&, const Leaves& x) {
       return max_pool2d(x[0], {2, 2}, {2, 2});
     },
     window_formula([](const auto& window) { return window[place_of_largest(window)]; })},
    {{"avg_pool2d", "spread_pool2d"},
     {{1, 4, 4, 2}},
     [](Tape&, const Leaves& x) {
       return avg_pool2d(x[0], {2, 2}, {2, 2});
     },
     window_formula(
         [](const auto& window) { return (window[0] / 4 + window[1] / 4) + (window[2] / 4 + window[3] / 4); })},
});

const Window2d pool{{2, 2}, {2, 2}};
const bool pooling = add_probes({
    {{"take_at_pool_max"},
     {{1, 2, 2, 1}, {1, 2, 2, 1}},
     [](Tape&, const Leaves& x) { return apply(ops::TakeAtPoolMax{pool}, x[0], x[1]); },
     formula([](const auto& in) { return std::vector{in[0][place_of_largest(in[1])]}; })},
});

// Recurrent cells, one step of a batch of 1 with 2 hidden units. Gates keep their values alone, so their slopes y (1 -
// y) are right to a unit of 1, not of themselves.
const bool recurrent = add_probes({
    {{"rnn", "rnn_derivative"},
     {{1, 1, 2}, {2, 2}, {1, 2}},
     [](Tape&, const Leaves& x) { return rnn(x[0], x[1], x[2]).hidden; },
     formula([](const auto& in) {
       std::vector<NumberOf<decltype(in)>> y;
       for (Index k = 0; k < 2; ++k) y.push_back(tanh(in[0][k] + in[2][0] * in[1][k] + in[2][1] * in[1][2 + k]));
       return y;
     }),
     {256, 8, 64, 256},
     false},
    {{"rnn"},
     {{1, 1, 2}, {2, 2}, {1, 2}},
     [](Tape&, const Leaves& x) { return rnn(x[0], x[1], x[2], true).hidden; },
     formula([](const auto& in) {
       std::vector<NumberOf<decltype(in)>> y;
       for (Index k = 0; k < 2; ++k) y.push_back(relu(in[0][k] + in[2][0] * in[1][k] + in[2][1] * in[1][2 + k]));
       return y;
     }),
     {64, 64, 64},
     false,
     {true, false, false}},
    {{"gru_record", "gru_states", "gru_derivative"},
     {{1, 1, 6}, {2, 6}, {2}, {1, 2}},
     [](Tape&, const Leaves& x) { return gru(x[0], x[1], x[2], x[3]).hidden; },
     formula([](const auto& in) {
       std::vector<NumberOf<decltype(in)>> y;
       for (Index k = 0; k < 2; ++k) {
         const auto from_h = [&](Index gate) {
           return in[3][0] * in[1][2 * gate + k] + in[3][1] * in[1][6 + 2 * gate + k];
         };
         const auto r = sigmoid(in[0][k] + from_h(0)), z = sigmoid(in[0][2 + k] + from_h(1));
         const auto n = tanh(in[0][4 + k] + r * (from_h(2) + in[2][k]));
         y.push_back(n + z * (in[3][k] - n));
       }
       return y;
     }),
     {256, 8, 64, 1024},
     false,
     {true, false, true, false}},
    {{"lstm_record", "lstm_states", "lstm_derivative"},
     {{1, 1, 1}, {1, 8}, {8}, {2, 8}, {1, 2}, {1, 2}},
     [](Tape&, const Leaves& x) { return lstm(x[0], x[1], x[2], x[3], x[4], x[5]).hidden; },
     formula([](const auto& in) {
       std::vector<NumberOf<decltype(in)>> y;
       for (Index k = 0; k < 2; ++k) {
         const auto gate = [&](Index g) {
           const Index c = 2 * g + k;
           return in[0][0] * in[1][c] + in[2][c] + in[4][0] * in[3][c] + in[4][1] * in[3][8 + c];
         };
         const auto cell = sigmoid(gate(1)) * in[5][k] + sigmoid(gate(0)) * tanh(gate(2));
         y.push_back(sigmoid(gate(3)) * tanh(cell));
       }
       return y;
     }),
     {256, 8, 64, 1024},
     false,
     {false, false, true, false, false, true}},
});

TEST(Extremes, StructureProbesAreInTheTable) { EXPECT_TRUE(moving && products && pooling && recurrent); }

}  // namespace
}  // namespace gradus::extremes
