#include "autodiff/operations/lstm.h"

#include <fmt/format.h>

#include "autodiff/kernels/math.h"
#include "autodiff/kernels/products.h"
#include "autodiff/kernels/write.h"

namespace gradus {
namespace {

// One row of one step; `a` holds the gates before their functions and receives the activations. In short loops, which
// vectorise.
template <class T>
GRADUS_INLINE void row_forth(std::int64_t n, T* __restrict a, const T* __restrict before, T* __restrict c,
                             T* __restrict h) {
  for (std::int64_t k = 0; k < 2 * n; ++k) a[k] = math::sigmoid(a[k]);
  for (std::int64_t k = 2 * n; k < 3 * n; ++k) a[k] = math::tanh(a[k]);
  for (std::int64_t k = 3 * n; k < 4 * n; ++k) a[k] = math::sigmoid(a[k]);
  for (std::int64_t k = 0; k < n; ++k) c[k] = a[n + k] * before[k] + a[k] * a[2 * n + k];
  for (std::int64_t k = 0; k < n; ++k) h[k] = a[3 * n + k] * math::tanh(c[k]);
}

// One row of one step back. `later_h` and `later_c` hold what comes from step t + 1; the latter becomes what step t
// hands to t - 1. `from_h`, `from_c` and `from_gates` are the cotangent's parts, the last one only for a cotangent of
// the record.
template <bool of_record, class T>
GRADUS_INLINE void row_back(std::int64_t n, const T* __restrict a, const T* __restrict before, const T* __restrict c,
                            const T* __restrict from_h, const T* __restrict from_c, const T* __restrict from_gates,
                            const T* __restrict later_h, T* __restrict later_c, T* __restrict dx, T* __restrict dh,
                            T* __restrict dc) {
  for (std::int64_t k = 0; k < n; ++k) {
    const T y = math::tanh(c[k]), i = a[k], f = a[n + k], g = a[2 * n + k], o = a[3 * n + k];
    const T total = from_h[k] + later_h[k], w = from_c[k] + later_c[k] + total * o * ((1 - y) * (1 + y));
    T di = w * g, df = w * before[k], dg = w * i, d_o = total * y;  // what arrives at the gates
    if (of_record) {
      di += from_gates[k];
      df += from_gates[n + k];
      dg += from_gates[2 * n + k];
      d_o += from_gates[3 * n + k];
    }
    dh[k] = total;
    dc[k] = w;
    dx[k] = di * (i * (1 - i));
    dx[n + k] = df * (f * (1 - f));
    dx[2 * n + k] = dg * ((1 - g) * (1 + g));
    dx[3 * n + k] = d_o * (o * (1 - o));
    later_c[k] = w * f;
  }
}

// Each of the four gates costs a power of e.
std::int64_t rows_of_a_thread(std::int64_t hidden) { return 1 + kernels::shared_elements / 16 / (hidden + 1); }

template <class T>
void step_forth(const LstmLayout& at, std::int64_t t, T* record) {
  const std::int64_t n = at.hidden, batch = at.batch;
  T *a = record + at.gates(t), *c = record + at.c(t), *h = record + at.h(t);
  const T* before = record + at.c(t - 1);
  kernels::share_ranges(batch, rows_of_a_thread(n), [=](std::int64_t first, std::int64_t end) {
    simd::run([=] GRADUS_LOOP() {
      for (std::int64_t r = first; r < end; ++r) row_forth(n, a + 4 * r * n, before + r * n, c + r * n, h + r * n);
    });
  });
}

template <bool of_record, class T>
void step_back(const LstmLayout& at, std::int64_t t, const T* record, const T* cotangent, T* d) {
  const std::int64_t n = at.hidden, batch = at.batch;
  const T *a = record + at.gates(t), *before = record + at.c(t - 1), *c = record + at.c(t);
  const T *from_h = cotangent + at.h(t), *from_c = cotangent + at.c(t),
          *from_gates = of_record ? cotangent + at.gates(t) : a;
  T *later_h = d + at.dh0(), *later_c = d + at.dc0(), *dx = d + at.dx(t), *dh = d + at.dh(t), *dc = d + at.dc(t);
  kernels::share_ranges(batch, rows_of_a_thread(n), [=](std::int64_t begin, std::int64_t end) {
    simd::run([=] GRADUS_LOOP() {
      for (std::int64_t r = begin; r < end; ++r) {
        const std::int64_t one = r * n, four = 4 * r * n;
        row_back<of_record>(n, a + four, before + one, c + one, from_h + one, from_c + one, from_gates + four,
                            later_h + one, later_c + one, dx + four, dh + one, dc + one);
      }
    });
  });
}

// One row of the derivative of row_back. `u` holds what has come to the gates' derivatives; `to_c` what has come to
// dc(t - 1), and then what comes to dc(t); `to_h` receives what comes to dh(t). `v` receives the derivatives by the
// gates of row_back's cotangent, which only a cotangent of the record has. Those by the record are added to what is
// there of c(t - 1), and written for c(t) and the gates.
template <bool of_record, class T>
GRADUS_INLINE void row_forth_again(std::int64_t n, const T* __restrict a, const T* __restrict before,
                                   const T* __restrict c, const T* __restrict from_gates, const T* __restrict dh,
                                   const T* __restrict dc, const T* __restrict u, const T* __restrict u_h,
                                   const T* __restrict u_c, T* __restrict v, T* __restrict by_before,
                                   T* __restrict by_c, T* __restrict by_gates, T* __restrict to_c, T* __restrict to_h) {
  for (std::int64_t k = 0; k < 2 * n; ++k) v[k] = u[k] * (a[k] * (1 - a[k]));
  for (std::int64_t k = 2 * n; k < 3 * n; ++k) v[k] = u[k] * ((1 - a[k]) * (1 + a[k]));
  for (std::int64_t k = 3 * n; k < 4 * n; ++k) v[k] = u[k] * (a[k] * (1 - a[k]));
  for (std::int64_t k = 0; k < n; ++k) {
    const T i = a[k], f = a[n + k], g = a[2 * n + k], o = a[3 * n + k], y = math::tanh(c[k]);
    const T vi = v[k], vf = v[n + k], vg = v[2 * n + k], vo = v[3 * n + k];
    T di = dc[k] * g, df = dc[k] * before[k], dg = dc[k] * i, d_o = dh[k] * y;  // what arrived at the gates
    if (of_record) {
      di += from_gates[k];
      df += from_gates[n + k];
      dg += from_gates[2 * n + k];
      d_o += from_gates[3 * n + k];
    }
    const T w = vi * g + vf * before[k] + vg * i + to_c[k] * f + u_c[k], slope = (1 - y) * (1 + y);
    by_before[k] += vf * dc[k];
    by_c[k] = (vo * dh[k] - 2 * (w * dh[k]) * (o * y)) * slope;
    by_gates[k] = u[k] * di * (1 - 2 * i) + vg * dc[k];
    by_gates[n + k] = u[n + k] * df * (1 - 2 * f) + to_c[k] * dc[k];
    by_gates[2 * n + k] = -2 * (u[2 * n + k] * dg * g) + vi * dc[k];
    by_gates[3 * n + k] = u[3 * n + k] * d_o * (1 - 2 * o) + w * dh[k] * slope;
    to_h[k] = w * o * slope + vo * y + u_h[k];
    to_c[k] = w;
  }
}

// Step t of the sweep forth: `d` is the list that row_back has made, `dy` its cotangent, `u` what has come to the
// gates' derivatives; `by_cotangent` and `by_record` are filled.
template <bool of_record, class T>
void step_forth_again(const LstmLayout& at, std::int64_t t, const T* dy, const T* cotangent, const T* record,
                      const T* d, const T* u, T* v, T* by_cotangent, T* by_record, T* to_c) {
  const std::int64_t n = at.hidden, batch = at.batch;
  const T *a = record + at.gates(t), *before = record + at.c(t - 1), *c = record + at.c(t);
  const T *from_gates = of_record ? cotangent + at.gates(t) : a, *dh = d + at.dh(t), *dc = d + at.dc(t);
  const T *u_h = dy + at.dh(t), *u_c = dy + at.dc(t);
  T *by_before = by_record + at.c(t - 1), *by_c = by_record + at.c(t), *by_gates = by_record + at.gates(t);
  T* to_h = by_cotangent + at.h(t);
  if (of_record) v = by_cotangent + at.gates(t);
  kernels::share_ranges(batch, rows_of_a_thread(n), [=](std::int64_t begin, std::int64_t end) {
    simd::run([=] GRADUS_LOOP() {
      for (std::int64_t r = begin; r < end; ++r) {
        const std::int64_t one = r * n, four = 4 * r * n;
        row_forth_again<of_record>(n, a + four, before + one, c + one, from_gates + four, dh + one, dc + one, u + four,
                                   u_h + one, u_c + one, v + four, by_before + one, by_c + one, by_gates + four,
                                   to_c + one, to_h + one);
      }
    });
  });
}

LstmLayout layout_of(const Shape& x, const Shape& v, const Shape& b, const Shape& w, const Shape& h0, const Shape& c0) {
  const bool good = x.rank() == 3 && w.rank() == 2 && x[0] >= 1 && w[1] == 4 * w[0] && v == Shape{x[2], w[1]} &&
                    b == Shape{w[1]} && h0 == Shape{x[1], w[0]} && c0 == h0;
  if (!good)
    bad_shapes("lstm", {x, v, b, w, h0, c0},
               "x [steps, batch, in], v [in, 4 hidden], b [4 hidden], w [hidden, 4 hidden], h0 [batch, hidden], "
               "c0 [batch, hidden]");
  return {x[0], x[1], w[0]};
}

}  // namespace

Shape ops::LstmRecord::shape(Inputs in) const {
  const LstmLayout found =
      layout_of(in[0].shape(), in[1].shape(), in[2].shape(), in[3].shape(), in[4].shape(), in[5].shape());
  if (found.states() != at.states())
    bad_shapes(title, {found.states()}, "operands for states " + at.states().to_string());
  return at.record();
}
void ops::LstmRecord::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::write(out, accumulate, [&](const Tensor& record) {
    record.part(at.h(0), at.cell()).copy_from(in[4]);
    record.part(at.c(0), at.cell()).copy_from(in[5]);
    const Tensor gates = record.part(at.gates(1), {at.rows(), 4 * at.hidden});
    kernels::broadcast(
        gates, false, [](auto b, auto) { return b; }, in[2], in[2]);
    kernels::matmul(gates, true, in[0].reshaped({at.rows(), in[0].shape()[2]}), false, in[1], false);
    with_floating(out.dtype(), [&]<class T>(T) {
      T* y = record.data<T>();
      for (std::int64_t t = 1; t <= at.steps; ++t) {
        kernels::matmul(record.part(at.gates(t), at.gates()), true, record.part(at.h(t - 1), at.cell()), false, in[3],
                        false);
        step_forth(at, t, y);
      }
    });
  });
}

Shape ops::LstmStates::shape(Inputs in) const {
  if (in[0].shape() != at.record()) bad_shapes(title, {in[0].shape()}, "record " + at.record().to_string());
  return at.states();
}

void ops::LstmStates::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::copy(out, accumulate, in[0].part(0, at.states()));
}

Shape ops::LstmDerivative::shape(Inputs in) const {
  const Shape w{at.hidden, 4 * at.hidden};
  if ((in[0].size() != at.states().size() && in[0].shape() != at.record()) || in[1].shape() != at.record() ||
      in[2].shape() != w)
    bad_shapes(title, {in[0].shape(), in[1].shape(), in[2].shape()},
               fmt::format("cotangent {} (or the record's), record {}, w {}", at.states().to_string(),
                           at.record().to_string(), w.to_string()));
  return at.derivatives();
}
void ops::LstmDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const bool of_record = in[0].shape() == at.record();
  kernels::write(out, accumulate, [&](const Tensor& derivatives) {
    const Tensor dh0 = derivatives.part(at.dh0(), at.cell()), dc0 = derivatives.part(at.dc0(), at.cell());
    dh0.fill(0), dc0.fill(0);
    const kernels::RepeatedFactor w(in[2], at.steps);
    with_floating(out.dtype(), [&]<class T>(T) {
      const T* dy = in[0].data<T>();
      const T* y = in[1].data<T>();
      T* d = derivatives.data<T>();
      for (std::int64_t t = at.steps; t >= 1; --t) {
        if (of_record)
          step_back<true>(at, t, y, dy, d);
        else
          step_back<false>(at, t, y, dy, d);
        w.multiply_transposed(dh0, false, derivatives.part(at.dx(t), at.gates()));
      }
    });
    kernels::copy(dh0, true, in[0].part(at.h(0), at.cell()));
    kernels::copy(dc0, true, in[0].part(at.c(0), at.cell()));
  });
}

Shape ops::LstmSweepForth::shape(Inputs in) const { return {in[1].size() + in[2].size()}; }
void ops::LstmSweepForth::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const Tensor &dy = in[0], &cotangent = in[1], &record = in[2], &w = in[3], &d = in[4];
  const bool of_record = cotangent.shape() == at.record();
  const Tensor u = Tensor::uninitialized(at.gates(), out.dtype()), v = Tensor::uninitialized(at.gates(), out.dtype());
  const Tensor to_c = Tensor::uninitialized(at.cell(), out.dtype());
  kernels::write(out, accumulate, [&](const Tensor& both) {
    const Tensor by_cotangent = both.part(0, cotangent.shape()), by_record = both.part(cotangent.size(), at.record());
    by_record.part(at.h(0), {at.steps + 1, at.batch, at.hidden}).fill(0);  // the sweep back does not read h
    by_record.part(at.c(0), at.cell()).fill(0);
    by_cotangent.part(at.h(0), at.cell()).copy_from(dy.part(at.dh0(), at.cell()));
    to_c.copy_from(dy.part(at.dc0(), at.cell()));
    by_cotangent.part(at.c(0), at.cell()).copy_from(to_c);
    with_floating(out.dtype(), [&]<class T>(T) {
      for (std::int64_t t = 1; t <= at.steps; ++t) {
        u.copy_from(dy.part(at.dx(t), at.gates()));
        kernels::matmul(u, true, by_cotangent.part(at.h(t - 1), at.cell()), false, w, false);
        const auto step = of_record ? step_forth_again<true, T> : step_forth_again<false, T>;
        step(at, t, dy.data<T>(), cotangent.data<T>(), record.data<T>(), d.data<T>(), u.data<T>(), v.data<T>(),
             by_cotangent.data<T>(), by_record.data<T>(), to_c.data<T>());
        by_cotangent.part(at.c(t), at.cell()).copy_from(to_c);
      }
    });
  });
}

LstmResult lstm(const Var& x, const Var& v, const Var& b, const Var& w, const Var& h0, const Var& c0) {
  const LstmLayout at = layout_of(x.shape(), v.shape(), b.shape(), w.shape(), h0.shape(), c0.shape());
  const Var record = apply(ops::LstmRecord{at}, x, v, b, w, h0, c0);
  const Var states = apply(ops::LstmStates{at}, record, x, v, b, w, h0, c0);
  return {part(states, at.h(1), {at.steps, at.batch, at.hidden}), part(states, at.h(at.steps), at.cell()),
          part(states, at.c(at.steps), at.cell())};
}

template class Operation<ops::LstmDerivative>;
template class Operation<ops::LstmRecord>;
template class Operation<ops::LstmStates>;

}  // namespace gradus
