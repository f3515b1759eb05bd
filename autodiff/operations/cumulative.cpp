#include "autodiff/operations/cumulative.h"

#include "autodiff/kernels/simd.h"
#include "autodiff/operations/shaping.h"

namespace gradus {
namespace {

// A block of lines next to one another, so that the running sums stay in registers or the nearest cache.
template <class T>
GRADUS_INLINE void run_sums(T* __restrict y, const T* __restrict x, std::int64_t n, std::int64_t step,
                            std::int64_t lines, bool exclusive, bool accumulate) {
  constexpr std::int64_t most = 64;
  for (std::int64_t first = 0; first < lines; first += most) {
    const std::int64_t count = lines - first < most ? lines - first : most;
    T total[most] = {};
    for (std::int64_t k = 0; k < n; ++k) {
      const T* __restrict from = x + k * step + first;
      T* __restrict to = y + k * step + first;
      for (std::int64_t i = 0; i < count; ++i) {
        const T before = total[i];
        total[i] += from[i];
        to[i] = (accumulate ? to[i] : T{0}) + (exclusive ? before : total[i]);
      }
    }
  }
}

}  // namespace

Shape ops::CumulativeSum::shape(Inputs in) const {
  checked_axis(title, axis, in[0].shape());
  return in[0].shape();
}

void ops::CumulativeSum::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const Shape& shape = out.shape();
  const int a = checked_axis(title, axis, shape);
  const std::int64_t outer = shape.size(0, a), n = shape[a], inner = shape.size(a + 1, shape.rank());
  if (out.size() == 0) return;
  const std::int64_t start = reverse ? (n - 1) * inner : 0, step = reverse ? -inner : inner;
  with_floating(out.dtype(), [&]<class T>(T) {
    T* y = out.data<T>() + start;
    const T* x = in[0].data<T>() + start;
    const bool without_self = exclusive;
    simd::run([=] GRADUS_LOOP() {
      for (std::int64_t o = 0; o < outer; ++o)
        run_sums(y + o * n * inner, x + o * n * inner, n, step, inner, without_self, accumulate);
    });
  });
}

template class Operation<ops::CumulativeSum>;

}  // namespace gradus
