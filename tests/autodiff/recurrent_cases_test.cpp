// Gradient-check cases of the recurrences over time.
#include <gtest/gtest.h>

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
    {"lstm_states", {{3, 2, 2}, {2, 12}, {12}, {3, 12}, {2, 3}, {2, 3}},
     [](Tape&, const Leaves& x) { return all_of(lstm(x[0], x[1], x[2], x[3], x[4], x[5])); }},
    {"lstm_states", {{1, 2, 3}, {3, 8}, {8}, {2, 8}, {2, 2}, {2, 2}},
     [](Tape&, const Leaves& x) { return all_of(lstm(x[0], x[1], x[2], x[3], x[4], x[5])); }},
    {"lstm_record", {{2, 2, 2}, {2, 12}, {12}, {3, 12}, {2, 3}, {2, 3}},
     [](Tape&, const Leaves& x) { return square(apply(LstmRecord{lstm_sizes}, x[0], x[1], x[2], x[3], x[4], x[5])); }, -1, 1},
    {"lstm_derivative", {{2, 3, 2, 3}, lstm_sizes.record(), {3, 12}},
     [](Tape&, const Leaves& x) { return apply(LstmDerivative{lstm_sizes}, x[0], x[1], x[2]); }, -1, 1},
    {"rnn", {{3, 2, 3}, {3, 3}, {2, 3}}, [](Tape&, const Leaves& x) { return all_of(rnn(x[0], x[1], x[2])); }},
    {"rnn", {{3, 2, 3}, {3, 3}, {2, 3}}, [](Tape&, const Leaves& x) { return all_of(rnn(x[0], x[1], x[2], true)); }},
    {"rnn_derivative", {{3, 2, 3}, {3, 2, 3}, {3, 3}},
     [](Tape&, const Leaves& x) { return apply(RnnDerivative{{2, 2, 3, false}}, x[0], x[1], x[2]); }, -1, 1},
    {"gru_states", {{3, 2, 9}, {3, 9}, {3}, {2, 3}},
     [](Tape&, const Leaves& x) { return all_of(gru(x[0], x[1], x[2], x[3])); }},
    {"gru_record", {{2, 2, 9}, {3, 9}, {3}, {2, 3}},
     [](Tape&, const Leaves& x) { return square(apply(GruRecord{gru_sizes}, x[0], x[1], x[2], x[3])); }},
    {"gru_derivative", {{3, 2, 3}, gru_sizes.record(), {3, 9}},
     [](Tape&, const Leaves& x) { return apply(GruDerivative{gru_sizes}, x[0], x[1], x[2]); }, -1, 1},
    {"gru_derivative", {gru_sizes.record(), gru_sizes.record(), {3, 9}},
     [](Tape&, const Leaves& x) { return apply(GruDerivative{gru_sizes}, x[0], x[1], x[2]); }, -1, 1},
    {"lstm_derivative", {lstm_sizes.record(), lstm_sizes.record(), {3, 12}},
     [](Tape&, const Leaves& x) { return apply(LstmDerivative{lstm_sizes}, x[0], x[1], x[2]); }, -1, 1},
});

}  // namespace
}  // namespace gradus
