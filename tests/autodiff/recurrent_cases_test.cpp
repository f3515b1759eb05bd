// Gradient-check cases of the recurrences over time.
#include <gtest/gtest.h>

#include <cmath>
#include <tuple>

#include "autodiff/gradient.h"
#include "autodiff/operations.h"
#include "tests/autodiff/operation_cases.h"

namespace gradus {
namespace {

Var all_of(const LstmResult& r) { return sum(square(r.hidden), {0}) + r.last_hidden * r.last_cell; }

template <class Result>
Var all_of(const Result& r) {
  return sum(square(r.hidden), {0}) + r.last_hidden;
}

constexpr GruLayout gru_sizes{2, 2, 3};
constexpr LstmLayout lstm_sizes{2, 2, 3};

const bool added = add_cases({
    {"lstm_states",
     {{3, 2, 2}, {2, 12}, {12}, {3, 12}, {2, 3}, {2, 3}},
     [](Tape&, const Leaves& x) { return all_of(lstm(x[0], x[1], x[2], x[3], x[4], x[5])); }},
    {"lstm_states",
     {{1, 2, 3}, {3, 8}, {8}, {2, 8}, {2, 2}, {2, 2}},
     [](Tape&, const Leaves& x) { return all_of(lstm(x[0], x[1], x[2], x[3], x[4], x[5])); }},
    {"lstm_record",
     {{2, 2, 2}, {2, 12}, {12}, {3, 12}, {2, 3}, {2, 3}},
     [](Tape&, const Leaves& x) {
       return square(apply(ops::LstmRecord{lstm_sizes}, x[0], x[1], x[2], x[3], x[4], x[5]));
     },
     -1,
     1},
    {"lstm_derivative",
     {{2, 3, 2, 3}, lstm_sizes.record(), {3, 12}},
     [](Tape&, const Leaves& x) { return apply(ops::LstmDerivative{lstm_sizes}, x[0], x[1], x[2]); },
     -1,
     1},
    {"rnn", {{3, 2, 3}, {3, 3}, {2, 3}}, [](Tape&, const Leaves& x) { return all_of(rnn(x[0], x[1], x[2])); }},
    {"rnn", {{3, 2, 3}, {3, 3}, {2, 3}}, [](Tape&, const Leaves& x) { return all_of(rnn(x[0], x[1], x[2], true)); }},
    {"rnn_derivative",
     {{3, 2, 3}, {3, 2, 3}, {3, 3}},
     [](Tape&, const Leaves& x) {
       return apply(ops::RnnDerivative{{2, 2, 3, false}}, x[0], x[1], x[2]);
     },
     -1,
     1},
    {"gru_states",
     {{3, 2, 9}, {3, 9}, {3}, {2, 3}},
     [](Tape&, const Leaves& x) { return all_of(gru(x[0], x[1], x[2], x[3])); }},
    {"gru_record",
     {{2, 2, 9}, {3, 9}, {3}, {2, 3}},
     [](Tape&, const Leaves& x) { return square(apply(ops::GruRecord{gru_sizes}, x[0], x[1], x[2], x[3])); }},
    {"gru_derivative",
     {{3, 2, 3}, gru_sizes.record(), {3, 9}},
     [](Tape&, const Leaves& x) { return apply(ops::GruDerivative{gru_sizes}, x[0], x[1], x[2]); },
     -1,
     1},
    {"gru_derivative",
     {gru_sizes.record(), gru_sizes.record(), {3, 9}},
     [](Tape&, const Leaves& x) { return apply(ops::GruDerivative{gru_sizes}, x[0], x[1], x[2]); },
     -1,
     1},
    {"lstm_derivative",
     {lstm_sizes.record(), lstm_sizes.record(), {3, 12}},
     [](Tape&, const Leaves& x) { return apply(ops::LstmDerivative{lstm_sizes}, x[0], x[1], x[2]); },
     -1,
     1},
});

// What docs/derivatives.md says of them: of a saturated cell only the absolute accuracy is left.
TEST(SlopesFromResults, AreAccurateAbsolutely) {
  for (const auto& [type, tanh_error, sigmoid_error, tanh_end, sigmoid_end] :
       {std::tuple{DType::float32, 3e-7, 9e-8, 9.02, 16.7}, std::tuple{DType::float64, 6e-16, 2e-16, 19.1, 36.8}}) {
    Tape tape(type);
    const std::int64_t n = 80001;
    const Tensor points = Tensor::uninitialized({n}, type);
    for (std::int64_t i = 0; i < n; ++i)
      points.set(i, -40 + 80.0 * static_cast<double>(i) / static_cast<double>(n - 1));
    const Var x = tape.leaf(points), one = tape.leaf(Tensor::full({n}, 1, type));
    const Tensor of_tanh = apply(ops::TanhDerivative{}, one, tanh(x)).value();
    const Tensor of_sigmoid = apply(ops::SigmoidDerivative{}, one, sigmoid(x)).value();
    for (std::int64_t i = 0; i < n; ++i) {
      const long double at = points.at(i), cosh = std::cosh(at), half_cosh = std::cosh(at / 2);
      ASSERT_NEAR(of_tanh.at(i), static_cast<double>(1 / (cosh * cosh)), tanh_error) << points.at(i);
      ASSERT_NEAR(of_sigmoid.at(i), static_cast<double>(0.25L / (half_cosh * half_cosh)), sigmoid_error)
          << points.at(i);
      ASSERT_TRUE(std::abs(points.at(i)) <= tanh_end || of_tanh.at(i) == 0) << points.at(i);
      ASSERT_TRUE(points.at(i) <= sigmoid_end || of_sigmoid.at(i) == 0) << points.at(i);
    }
  }
}

}  // namespace
}  // namespace gradus
