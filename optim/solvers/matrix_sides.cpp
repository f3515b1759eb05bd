#include "optim/solvers/matrix_sides.h"

#include "autodiff/tensor/matrix.h"

namespace gradus::optim {

void MatrixSides::lay_out(std::span<const ParameterSlice> slices, std::int64_t max_dimension, DType type) {
  for (const ParameterSlice& slice : slices) {
    const bool is_matrix = slice.shape.rank() >= 2;
    const MatrixExtents shape = is_matrix ? matrix_extents(slice) : MatrixExtents{slice.size(), 1};
    const auto kept = [&](std::int64_t n) { return is_matrix && n <= max_dimension ? n : 0; };
    const MatrixExtents extents{kept(shape.rows), kept(shape.columns)};
    for (PackedState* state : {&rows.statistics, &rows.factors}) state->append(extents.rows * extents.rows);
    for (PackedState* state : {&columns.statistics, &columns.factors}) state->append(extents.columns * extents.columns);
    longest_ = std::max({longest_, extents.rows, extents.columns});
    extents_.push_back(extents);
    shapes_.push_back(shape);
  }
  for (Tensor& x : products_) x = Tensor::uninitialized({largest_size(slices)}, type);
}

void MatrixSides::ensure(DType type, double start) {
  rows.factors.ensure(type);
  columns.factors.ensure(type);
  const bool anew_rows = rows.statistics.ensure(type), anew_columns = columns.statistics.ensure(type);
  for (std::size_t i = 0; (anew_rows || anew_columns) && i < extents_.size(); ++i)
    for_each(i, [&](const Tensor& statistics, const Tensor&, bool is_rows) {
      if (!(is_rows ? anew_rows : anew_columns)) return;
      const std::int64_t n = statistics.shape()[0];
      for (std::int64_t k = 0; k < n; ++k) statistics.set(k * n + k, start);
    });
}

void MatrixSides::visit(StateVisitor& visitor, const std::string& factors) {
  visitor.tensor("row_statistics", rows.statistics.values);
  visitor.tensor("column_statistics", columns.statistics.values);
  if (factors.empty()) return;
  visitor.tensor("row_" + factors, rows.factors.values);
  visitor.tensor("column_" + factors, columns.factors.values);
}

void MatrixSides::collect(std::size_t slice, const Tensor& gradient, double keep) const {
  const Tensor g = gradient.reshaped({shapes_[slice].rows, shapes_[slice].columns});
  for_each(slice, [&](const Tensor& statistics, const Tensor&, bool is_rows) {
    if (keep != 1) vectors::scale(keep, statistics);
    kernels::matmul(statistics, true, g, !is_rows, g, is_rows);
  });
}

Tensor MatrixSides::apply(std::size_t slice, const Tensor& g, bool transposed) const {
  const Shape shape{shapes_[slice].rows, shapes_[slice].columns};
  Tensor result = g.reshaped(shape);
  for_each(slice, [&](const Tensor&, const Tensor& factor, bool is_rows) {
    const Tensor next = products_[is_rows ? 0 : 1].part(0, shape);
    if (is_rows)
      kernels::matmul(next, false, factor, transposed, result, false);
    else
      kernels::matmul(next, false, result, false, factor, !transposed);
    result = next;
  });
  return result;
}

}  // namespace gradus::optim
