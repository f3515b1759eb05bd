#include "autodiff/operations/gru.h"

#include <fmt/format.h>

#include "autodiff/kernels/math.h"
#include "autodiff/kernels/products.h"
#include "autodiff/kernels/write.h"

namespace gradus {
namespace {

// One row of one step; `a` holds the row of h(t-1) w and receives the gates. In short loops, which vectorise.
template <class T>
GRADUS_INLINE void row_forth(std::int64_t n, T* __restrict a, const T* __restrict x, const T* __restrict b,
                             const T* __restrict before, T* __restrict m, T* __restrict h) {
  for (std::int64_t k = 0; k < 2 * n; ++k) a[k] = math::sigmoid(a[k] + x[k]);
  for (std::int64_t k = 0; k < n; ++k) m[k] = a[2 * n + k] + b[k];
  for (std::int64_t k = 0; k < n; ++k) a[2 * n + k] = math::tanh(x[2 * n + k] + a[k] * m[k]);
  for (std::int64_t k = 0; k < n; ++k) h[k] = a[2 * n + k] + a[n + k] * (before[k] - a[2 * n + k]);
}

// One row of one step back. `later` holds what comes from step t + 1 and receives what goes to t - 1 beside the
// product. `from_gates` and `from_m` are parts of a cotangent of the record.
template <bool of_record, class T>
GRADUS_INLINE void row_back(std::int64_t n, const T* __restrict a, const T* __restrict m, const T* __restrict before,
                            const T* __restrict from_h, const T* __restrict from_gates, const T* __restrict from_m,
                            T* __restrict later, T* __restrict dx, T* __restrict dp, T* __restrict dh) {
  for (std::int64_t k = 0; k < n; ++k) dh[k] = from_h[k] + later[k];
  for (std::int64_t k = 0; k < n; ++k) dx[n + k] = dh[k] * (before[k] - a[2 * n + k]);
  for (std::int64_t k = 0; k < n; ++k) dx[2 * n + k] = dh[k] * (1 - a[n + k]);
  if (of_record)
    for (std::int64_t k = n; k < 3 * n; ++k) dx[k] += from_gates[k];
  for (std::int64_t k = n; k < 2 * n; ++k) dx[k] *= a[k] * (1 - a[k]);
  for (std::int64_t k = 2 * n; k < 3 * n; ++k) dx[k] *= (1 - a[k]) * (1 + a[k]);
  for (std::int64_t k = 0; k < n; ++k)
    dx[k] = (dx[2 * n + k] * m[k] + (of_record ? from_gates[k] : T{0})) * (a[k] * (1 - a[k]));
  for (std::int64_t k = 0; k < 2 * n; ++k) dp[k] = dx[k];
  for (std::int64_t k = 0; k < n; ++k) dp[2 * n + k] = dx[2 * n + k] * a[k] + (of_record ? from_m[k] : T{0});
  for (std::int64_t k = 0; k < n; ++k) later[k] = dh[k] * a[n + k];
}

// Each of the three gates costs a power of e.
std::int64_t rows_of_a_thread(std::int64_t hidden) { return 1 + kernels::shared_elements / 12 / (hidden + 1); }

template <class T>
void step_forth(const GruLayout& at, std::int64_t t, T* record, const T* x, const T* b) {
  const std::int64_t n = at.hidden, batch = at.batch;
  T *a = record + at.gates(t), *m = record + at.m(t), *h = record + at.h(t);
  const T *z = x + at.dx(t), *before = record + at.h(t - 1);
  kernels::share_ranges(batch, rows_of_a_thread(n), [=](std::int64_t first, std::int64_t end) {
    simd::run([=] GRADUS_LOOP() {
      for (std::int64_t r = first; r < end; ++r)
        row_forth(n, a + 3 * r * n, z + 3 * r * n, b, before + r * n, m + r * n, h + r * n);
    });
  });
}

template <bool of_record, class T>
void step_back(const GruLayout& at, std::int64_t t, const T* record, const T* cotangent, T* d) {
  const std::int64_t n = at.hidden, batch = at.batch;
  const T *a = record + at.gates(t), *m = record + at.m(t), *before = record + at.h(t - 1),
          *from_h = cotangent + at.h(t);
  const T *from_gates = of_record ? cotangent + at.gates(t) : a, *from_m = of_record ? cotangent + at.m(t) : m;
  T *later = d + at.dh0(), *dx = d + at.dx(t), *dp = d + at.dp(t), *dh = d + at.dh(t);
  kernels::share_ranges(batch, rows_of_a_thread(n), [=](std::int64_t begin, std::int64_t end) {
    simd::run([=] GRADUS_LOOP() {
      for (std::int64_t r = begin; r < end; ++r) {
        const std::int64_t one = r * n, three = 3 * r * n;
        row_back<of_record>(n, a + three, m + one, before + one, from_h + one, from_gates + three, from_m + one,
                            later + one, dx + three, dp + three, dh + one);
      }
    });
  });
}

// Throws unless the shapes fit together.
GruLayout layout_of(const char* operation, const Shape& x, const Shape& w, const Shape& b, const Shape& h0) {
  if (x.rank() != 3 || w.rank() != 2 || x[0] < 1 || x[2] != 3 * w[0] || w[1] != x[2] || b != Shape{w[0]} ||
      h0 != Shape{x[1], w[0]})
    bad_shapes(operation, {x, w, b, h0},
               "x [steps, batch, 3 hidden], w [hidden, 3 hidden], b [hidden], h0 [batch, hidden]");
  return {x[0], x[1], w[0]};
}

}  // namespace

Shape ops::GruRecord::shape(Inputs in) const {
  const GruLayout found = layout_of(title, in[0].shape(), in[1].shape(), in[2].shape(), in[3].shape());
  if (found.states() != at.states())
    bad_shapes(title, {found.states()}, "operands for states " + at.states().to_string());
  return at.record();
}
void ops::GruRecord::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::write(out, accumulate, [&](const Tensor& record) {
    record.part(0, at.cell()).copy_from(in[3]);
    with_floating(out.dtype(), [&]<class T>(T) {
      for (std::int64_t t = 1; t <= at.steps; ++t) {
        kernels::matmul(record.part(at.gates(t), at.gates()), false, record.part(at.h(t - 1), at.cell()), false, in[1],
                        false);
        step_forth(at, t, record.data<T>(), in[0].data<T>(), in[2].data<T>());
      }
    });
  });
}

Shape ops::GruStates::shape(Inputs in) const {
  if (in[0].shape() != at.record()) bad_shapes(title, {in[0].shape()}, "record " + at.record().to_string());
  return at.states();
}

void ops::GruStates::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::copy(out, accumulate, in[0].part(0, at.states()));
}

Shape ops::GruDerivative::shape(Inputs in) const {
  const Shape w{at.hidden, 3 * at.hidden};
  if ((in[0].shape() != at.states() && in[0].shape() != at.record()) || in[1].shape() != at.record() ||
      in[2].shape() != w)
    bad_shapes(title, {in[0].shape(), in[1].shape(), in[2].shape()},
               fmt::format("cotangent {} (or the record's), record {}, w {}", at.states().to_string(),
                           at.record().to_string(), w.to_string()));
  return at.derivatives();
}
void ops::GruDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const bool of_record = in[0].shape() == at.record();
  kernels::write(out, accumulate, [&](const Tensor& derivatives) {
    const Tensor dh0 = derivatives.part(at.dh0(), at.cell());
    dh0.fill(0);
    const kernels::RepeatedFactor w(in[2], at.steps);
    with_floating(out.dtype(), [&]<class T>(T) {
      const T *dy = in[0].data<T>(), *record = in[1].data<T>();
      for (std::int64_t t = at.steps; t >= 1; --t) {
        if (of_record)
          step_back<true>(at, t, record, dy, derivatives.data<T>());
        else
          step_back<false>(at, t, record, dy, derivatives.data<T>());
        w.multiply_transposed(dh0, true, derivatives.part(at.dp(t), at.gates()));
      }
    });
    kernels::copy(dh0, true, in[0].part(0, at.cell()));
  });
}

GruResult gru(const Var& x, const Var& w, const Var& b, const Var& h0) {
  const GruLayout at = layout_of("gru", x.shape(), w.shape(), b.shape(), h0.shape());
  const Var record = apply(ops::GruRecord{at}, x, w, b, h0), states = apply(ops::GruStates{at}, record, x, w, b, h0);
  return {part(states, at.h(1), {at.steps, at.batch, at.hidden}), part(states, at.h(at.steps), at.cell())};
}

template class Operation<ops::GruDerivative>;
template class Operation<ops::GruRecord>;
template class Operation<ops::GruStates>;

}  // namespace gradus
