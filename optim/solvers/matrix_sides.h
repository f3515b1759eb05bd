// What Kronecker-factored methods keep of both sides of each slice that is a matrix.
#pragma once

#include "optim/layerwise.h"
#include "optim/state_visitor.h"

namespace gradus::optim {

// Of a matrix G [rows, columns]: statistics L [rows, rows] and R [columns, columns], and a factor made of each, A and
// B, that multiplies G from its side. A side that is longer than `max_dimension` has none and counts as the identity;
// so do both sides of a slice of rank <= 1.
class MatrixSides {
 public:
  struct Side {
    PackedState statistics, factors;  // of each slice
  };
  Side rows, columns;

  // Once, before the first use.
  void lay_out(std::span<const ParameterSlice> slices, std::int64_t max_dimension, DType type);
  // Before each step: makes what is not there, with `start` on the diagonals of the statistics.
  void ensure(DType type, double start = 0);
  // L <- keep L + G G^T;  R <- keep R + G^T G
  void collect(std::size_t slice, const Tensor& gradient, double keep) const;
  // A G B^T, or A^T G B if `transposed`. It is `g` itself or in memory that the next call may write to.
  Tensor apply(std::size_t slice, const Tensor& g, bool transposed = false) const;
  // Calls f(statistics, factor, is_rows) for each side that the slice has.
  template <class F>
  void for_each(std::size_t slice, const F& f) const {
    const auto [m, n] = extents_[slice];
    if (m > 0) f(rows.statistics.of(slice, {m, m}), rows.factors.of(slice, {m, m}), true);
    if (n > 0) f(columns.statistics.of(slice, {n, n}), columns.factors.of(slice, {n, n}), false);
  }
  std::int64_t longest() const { return longest_; }  // of the sides
  // The statistics, and the factors unless `factors` is empty: "row_statistics", "row_" + factors, ...
  void visit(StateVisitor& visitor, const std::string& factors);

 private:
  std::vector<MatrixExtents> extents_, shapes_;  // of the sides that are kept, 0 where not; of the slices
  Tensor products_[2];
  std::int64_t longest_ = 0;
};

}  // namespace gradus::optim
