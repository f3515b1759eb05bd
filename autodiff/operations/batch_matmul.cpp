#include "autodiff/operations/batch_matmul.h"

#include <fmt/format.h>

#include "autodiff/kernels/products.h"

namespace gradus {

Shape ops::BatchMatMul::shape(Inputs in) const {
  const Shape &a = in[0].shape(), &b = in[1].shape();
  const int rank = a.rank();
  const auto refuse = [&] {
    bad_shapes(title, {a, b},
               fmt::format("[.., m, k]{} x [.., k, n]{}", transpose_a ? "^T" : "", transpose_b ? "^T" : ""));
  };
  if (rank < 2 || b.rank() != rank) refuse();
  Shape result;
  for (int axis = 0; axis < rank - 2; ++axis) {
    if (a[axis] != b[axis]) refuse();
    result.append(a[axis]);
  }
  if (a[rank - (transpose_a ? 2 : 1)] != b[rank - (transpose_b ? 1 : 2)]) refuse();
  result.append(a[rank - (transpose_a ? 1 : 2)]);
  result.append(b[rank - (transpose_b ? 2 : 1)]);
  return result;
}

void ops::BatchMatMul::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto matrix = [](const Tensor& t) {
    return Shape{t.shape()[t.shape().rank() - 2], t.shape()[t.shape().rank() - 1]};
  };
  const Shape a = matrix(in[0]), b = matrix(in[1]), y = matrix(out);
  const std::int64_t batch = out.shape().size(0, out.shape().rank() - 2);
  const auto multiply = [&](std::int64_t first, std::int64_t end) {
    for (std::int64_t i = first; i < end; ++i)
      kernels::matmul(out.part(i * y.size(), y), accumulate, in[0].part(i * a.size(), a), transpose_a,
                      in[1].part(i * b.size(), b), transpose_b);
  };
  constexpr std::int64_t few = 8, worth_a_thread = 1 << 19;
  if (batch < few) return multiply(0, batch);  // the threads share each
  kernels::share_ranges(
      batch, 1 + worth_a_thread / std::max<std::int64_t>(1, y.size() * a.size() / std::max<std::int64_t>(1, y[0])),
      multiply);
}

template class Operation<ops::BatchMatMul>;

}  // namespace gradus
