// Rows, and elements of rows, chosen by index.
#pragma once

#include "autodiff/operation.h"

namespace gradus {

namespace ops {
struct ScatterAdd;
struct Gather;
struct PutInRow;
struct TakeFromRow;
}  // namespace ops

// y[rows, ...]: y[index[i]] += x[i], zeros elsewhere; index[n] of int32 in [0, rows), or of more axes; x[index's axes,
// ...].
struct ops::ScatterAdd : Operation<ops::ScatterAdd> {
  static constexpr const char* title = "scatter_add";
  static constexpr int index_operand = 1;
  std::int64_t rows;
  explicit ScatterAdd(std::int64_t total) : rows(total) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return gather(s.dy(), s.in(1)); });
  }
};

// y[i] = x[index[i]]; x[rows, ...], index[n] of int32 in [0, rows), or of more axes; y[index's axes, ...].
struct ops::Gather : Operation<ops::Gather> {
  static constexpr const char* title = "gather";
  static constexpr Reads rule_reads = Reads::operands;
  static constexpr int index_operand = 1;
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(ScatterAdd{s.shape(0)[0]}, s.dy(), s.in(1)); });
  }
};
auto gather(const Term auto& x, const Term auto& index) { return apply(ops::Gather{}, x, index); }
auto scatter_add(const Term auto& x, const Term auto& index, std::int64_t rows) {
  return apply(ops::ScatterAdd{rows}, x, index);
}

// y[n, columns]: y[i, index[i]] = x[i], zeros elsewhere; x[n], index[n] of int32 in [0, columns).
struct ops::PutInRow : Operation<ops::PutInRow> {
  static constexpr const char* title = "put_in_row";
  static constexpr int index_operand = 1;
  std::int64_t columns;
  explicit PutInRow(std::int64_t width) : columns(width) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return take_from_row(s.dy(), s.in(1)); });
  }
};

// y[n]: y[i] = x[i, index[i]]; x[n, columns], index[n] of int32 in [0, columns).
struct ops::TakeFromRow : Operation<ops::TakeFromRow> {
  static constexpr const char* title = "take_from_row";
  static constexpr int index_operand = 1;
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(PutInRow{s.shape(0)[1]}, s.dy(), s.in(1)); });
  }
};
auto take_from_row(const Term auto& x, const Term auto& index) { return apply(ops::TakeFromRow{}, x, index); }

// Throws unless every index lies in [0, limit).
void check_indices(const char* operation, const Tensor& index, std::int64_t limit);

extern template class Operation<ops::ScatterAdd>;
extern template class Operation<ops::Gather>;
extern template class Operation<ops::PutInRow>;
extern template class Operation<ops::TakeFromRow>;

}  // namespace gradus
