#include "autodiff/functional.h"

#include "autodiff/gradient.h"
#include "autodiff/linearization.h"

namespace gradus {

ValueAndGradient value_and_gradient(const Function& f, const Tensor& x) {
  Tape tape(x.dtype());
  const Var leaf = tape.leaf(x), y = f(tape, leaf);
  return {y.item(), gradient(y, {leaf})[0]};
}

Tensor jvp(const Function& f, const Tensor& x, const Tensor& v) {
  Tape tape(x.dtype());
  const Var leaf = tape.leaf(x), y = f(tape, leaf);
  const Tensor out = Tensor::uninitialized(y.shape(), x.dtype());
  jvp(y, {&leaf, 1}, {&v, 1}, out);
  return out;
}

Tensor vjp(const Function& f, const Tensor& x, const Tensor& u) {
  Tape tape(x.dtype());
  const Var leaf = tape.leaf(x), y = f(tape, leaf);
  const Tensor out = Tensor::uninitialized(x.shape(), x.dtype());
  vjp(y, u, {&leaf, 1}, {&out, 1});
  return out;
}

Tensor jacobian(const Function& f, const Tensor& x) {
  Tape tape(x.dtype());
  const Var leaf = tape.leaf(x), y = f(tape, leaf);
  const std::int64_t rows = y.shape().size(), columns = x.size();
  const Tensor result = Tensor::zeros({rows, columns}, x.dtype());
  if (rows <= columns) {
    const Tensor unit = Tensor::zeros(y.shape(), x.dtype());
    for (std::int64_t i = 0; i < rows; ++i) {
      unit.set(i, 1);
      const Tensor row = result.part(i * columns, x.shape());
      vjp(y, unit, {&leaf, 1}, {&row, 1});
      unit.set(i, 0);
    }
    return result;
  }
  // Recorded once: J^T u is linear in u, so each column is one sweep over the record.
  const Tensor zeros = Tensor::zeros(y.shape(), x.dtype()), unit = Tensor::zeros(x.shape(), x.dtype());
  const Var u = tape.leaf(zeros), transposed = record_vjp(y, u, {&leaf, 1})[0];
  const Tensor column = Tensor::uninitialized(y.shape(), x.dtype());
  for (std::int64_t j = 0; j < columns; ++j) {
    unit.set(j, 1);
    vjp(transposed, unit, {&u, 1}, {&column, 1});
    unit.set(j, 0);
    for (std::int64_t i = 0; i < rows; ++i) result.set(i * columns + j, column.at(i));
  }
  return result;
}

Tensor hessian(const Function& f, const Tensor& x) {
  Tape tape(x.dtype());
  const Var leaf = tape.leaf(x), y = f(tape, leaf);
  Linearization at(y, {&leaf, 1});
  const std::int64_t n = x.size();
  const Tensor result = Tensor::uninitialized({n, n}, x.dtype()), identity = Tensor::zeros({n, n}, x.dtype());
  for (std::int64_t i = 0; i < n; ++i) identity.set(i * n + i, 1);
  at.hessian_times(identity, result);
  return result;
}

}  // namespace gradus
