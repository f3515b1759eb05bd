#include "autodiff/operations/reverse.h"

#include "autodiff/operations/shaping.h"

namespace gradus {

Shape ops::Reverse::shape(Inputs in) const {
  checked_axis(title, axis, in[0].shape());
  return in[0].shape();
}

void ops::Reverse::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const Shape& shape = out.shape();
  const int a = checked_axis(title, axis, shape);
  const std::int64_t outer = shape.size(0, a), n = shape[a], inner = shape.size(a + 1, shape.rank());
  with_floating(out.dtype(), [&]<class T>(T) {
    for (std::int64_t line = 0; line < outer * n; ++line) {
      const std::int64_t first = line / n * n, opposite = first + n - 1 - (line - first);
      T* y = out.data<T>() + line * inner;
      const T* x = in[0].data<T>() + opposite * inner;
      for (std::int64_t i = 0; i < inner; ++i) y[i] = accumulate ? y[i] + x[i] : x[i];
    }
  });
}

template class Operation<ops::Reverse>;

}  // namespace gradus
