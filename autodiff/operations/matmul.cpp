#include "autodiff/operations/matmul.h"

#include <fmt/format.h>

#include "autodiff/kernels/loops.h"
#include "autodiff/kernels/products.h"

namespace gradus {

Shape ops::MatMul::shape(Inputs in) const {
  const Shape &a = in[0].shape(), &b = in[1].shape();
  if (a.rank() != 2 || b.rank() != 2 || a[transpose_a ? 0 : 1] != b[transpose_b ? 1 : 0])
    bad_shapes(title, {a, b}, fmt::format("[m, k]{} x [k, n]{}", transpose_a ? "^T" : "", transpose_b ? "^T" : ""));
  return {a[transpose_a ? 1 : 0], b[transpose_b ? 0 : 1]};
}

void ops::MatMul::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::matmul(out, accumulate, in[0], transpose_a, in[1], transpose_b);
}

Shape ops::Affine::shape(Inputs in) const {
  const Shape &x = in[0].shape(), &w = in[1].shape(), &b = in[2].shape();
  if (x.rank() != 2 || w.rank() != 2 || x[1] != w[0] || b != Shape{w[1]})
    bad_shapes(title, {x, w, b}, "[m, k] x [k, n] + [n]");
  return {x[0], w[1]};
}
void ops::Affine::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::broadcast(
      out, accumulate, [](auto b, auto) { return b; }, in[2], in[2]);
  kernels::matmul(out, true, in[0], false, in[1], false);
}

namespace {

// The weight of a product y[n, m] = x[n, k] w[k, m]: g_i is the outer product of row i of x and of dy.
bool weight_per_example(PerExample what, const Tensor& x, const Tensor& dy, const Tensor& out) {
  const std::int64_t n = x.shape()[0], k = x.shape()[1], m = dy.shape()[1];
  with_floating(dy.dtype(), [&]<class T>(T) {
    const T* px = x.data<T>();
    const T* pdy = dy.data<T>();
    T* to = out.data<T>();
    switch (what) {
      case PerExample::gradients:
        for (std::int64_t i = 0; i < n; ++i)
          kernels::matmul(out.rows(i, 1).reshaped({k, m}), true, x.rows(i, 1), true, dy.rows(i, 1), false);
        break;
      case PerExample::squared_norms:
        for (std::int64_t i = 0; i < n; ++i) {
          T of_x = 0, of_dy = 0;
          for (std::int64_t j = i * k; j < (i + 1) * k; ++j) of_x += px[j] * px[j];
          for (std::int64_t j = i * m; j < (i + 1) * m; ++j) of_dy += pdy[j] * pdy[j];
          to[i] += of_x * of_dy;
        }
        break;
      case PerExample::sum_of_squares: {
        const Tensor x2 = Tensor::uninitialized(x.shape(), x.dtype()),
                     dy2 = Tensor::uninitialized(dy.shape(), dy.dtype());
        kernels::map(
            x2, false, [](auto v) { return v * v; }, x);
        kernels::map(
            dy2, false, [](auto v) { return v * v; }, dy);
        kernels::matmul(out.reshaped({k, m}), true, x2, true, dy2, false);
        break;
      }
    }
  });
  return true;
}

}  // namespace

LayerUse ops::MatMul::as_layer(Inputs in) const {
  if (transpose_a || transpose_b) return {};
  return {1, -1, in[0].shape()[0], in[0].shape()[1]};
}
void ops::MatMul::layer_inputs(Inputs in, std::int64_t first, const Tensor& out) const {
  out.copy_from(in[0].rows(first, out.shape()[0]));
}

LayerUse ops::Affine::as_layer(Inputs in) const { return {1, 2, in[0].shape()[0], in[0].shape()[1]}; }
void ops::Affine::layer_inputs(Inputs in, std::int64_t first, const Tensor& out) const {
  ops::MatMul().layer_inputs(in, first, out);
}

bool ops::MatMul::per_example(PerExample what, int operand, Inputs in, const Tensor& dy, const Tensor& out) const {
  if (operand != 1 || transpose_a || transpose_b) return false;
  return weight_per_example(what, in[0], dy, out);
}

bool ops::Affine::per_example(PerExample what, int operand, Inputs in, const Tensor& dy, const Tensor& out) const {
  if (operand == 1) return weight_per_example(what, in[0], dy, out);
  return operand == 2 && bias_per_example(what, in[2].shape(), dy, out);
}

template class Operation<ops::MatMul>;
template class Operation<ops::Affine>;

}  // namespace gradus
