#include "autodiff/operations/rnn.h"

#include <fmt/format.h>

#include "autodiff/kernels/math.h"
#include "autodiff/kernels/products.h"
#include "autodiff/kernels/write.h"

namespace gradus {
namespace {

constexpr std::int64_t cells_of_a_thread = kernels::shared_elements / 4;  // each costs a power of e

// `h` holds h(t-1) w.
template <class T>
GRADUS_INLINE void cells_forth(std::int64_t n, bool rectified, T* __restrict h, const T* __restrict x) {
  if (rectified)
    for (std::int64_t k = 0; k < n; ++k) h[k] = math::larger(T{0}, h[k] + x[k]);
  else
    for (std::int64_t k = 0; k < n; ++k) h[k] = math::tanh(h[k] + x[k]);
}

// `later` is what comes from step t + 1.
template <class T>
GRADUS_INLINE void cells_back(std::int64_t n, bool rectified, const T* __restrict h, const T* __restrict from,
                              const T* __restrict later, T* __restrict dx, T* __restrict dh) {
  for (std::int64_t k = 0; k < n; ++k) dh[k] = from[k] + later[k];
  if (rectified)
    for (std::int64_t k = 0; k < n; ++k) dx[k] = h[k] > 0 ? dh[k] : math::zero_or_nan(h[k]);
  else
    for (std::int64_t k = 0; k < n; ++k) dx[k] = dh[k] * ((1 - h[k]) * (1 + h[k]));
}

}  // namespace

void ops::Rnn::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::write(out, accumulate, [&](const Tensor& states) {
    states.part(0, at.cell()).copy_from(in[2]);
    with_floating(out.dtype(), [&]<class T>(T) {
      for (std::int64_t t = 1; t <= at.steps; ++t) {
        kernels::matmul(states.part(at.h(t), at.cell()), false, states.part(at.h(t - 1), at.cell()), false, in[1],
                        false);
        const std::int64_t n = at.cell_size();
        const bool relu = at.rectified;
        T* h = states.data<T>() + at.h(t);
        const T* x = in[0].data<T>() + at.dx(t);
        kernels::share_ranges(n, cells_of_a_thread, [=](std::int64_t first, std::int64_t end) {
          simd::run([=] GRADUS_LOOP() { cells_forth(end - first, relu, h + first, x + first); });
        });
      }
    });
  });
}

Shape ops::RnnDerivative::shape(Inputs in) const {
  const Shape w{at.hidden, at.hidden};
  if (in[0].shape() != at.states() || in[1].shape() != at.states() || in[2].shape() != w)
    bad_shapes(title, {in[0].shape(), in[1].shape(), in[2].shape()},
               fmt::format("cotangent {0}, states {0}, w {1}", at.states().to_string(), w.to_string()));
  return at.derivatives();
}
void ops::RnnDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::write(out, accumulate, [&](const Tensor& derivatives) {
    const Tensor dh0 = derivatives.part(at.dh0(), at.cell());
    dh0.fill(0);
    const kernels::RepeatedFactor w(in[2], at.steps);
    with_floating(out.dtype(), [&]<class T>(T) {
      for (std::int64_t t = at.steps; t >= 1; --t) {
        const std::int64_t n = at.cell_size();
        const bool relu = at.rectified;
        const T *h = in[1].data<T>() + at.h(t), *from = in[0].data<T>() + at.h(t), *later = dh0.data<T>();
        T *dx = derivatives.data<T>() + at.dx(t), *dh = derivatives.data<T>() + at.dh(t);
        kernels::share_ranges(n, cells_of_a_thread, [=](std::int64_t first, std::int64_t end) {
          simd::run([=] GRADUS_LOOP() {
            cells_back(end - first, relu, h + first, from + first, later + first, dx + first, dh + first);
          });
        });
        w.multiply_transposed(dh0, false, derivatives.part(at.dx(t), at.cell()));
      }
    });
    kernels::copy(dh0, true, in[0].part(0, at.cell()));
  });
}

RnnResult rnn(const Var& x, const Var& w, const Var& h0, bool rectified) {
  const Shape &xs = x.shape(), &ws = w.shape();
  if (xs.rank() != 3 || ws.rank() != 2 || xs[0] < 1 || xs[2] != ws[0] || ws[1] != ws[0] ||
      h0.shape() != Shape{xs[1], ws[0]})
    bad_shapes("rnn", {xs, ws, h0.shape()}, "x [steps, batch, hidden], w [hidden, hidden], h0 [batch, hidden]");
  const RnnLayout at{xs[0], xs[1], xs[2], rectified};
  const Var states = apply(ops::Rnn{at}, x, w, h0);
  return {part(states, at.h(1), {at.steps, at.batch, at.hidden}), part(states, at.h(at.steps), at.cell())};
}

template class Operation<ops::RnnDerivative>;
template class Operation<ops::Rnn>;

}  // namespace gradus
