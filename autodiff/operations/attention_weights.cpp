#include "autodiff/operations/attention_weights.h"

#include "autodiff/kernels/attention_rows.h"
#include "autodiff/kernels/team.h"

namespace gradus {
Shape ops::AttentionWeights::shape(Inputs in) const {
  const Shape& x = in[0].shape();
  const int rank = x.rank();
  if (rank < 2 || x[rank - 1] == 0 || (causal && x[rank - 1] < x[rank - 2]))
    bad_shapes(title, {x}, causal ? "[.., queries, keys] with at least as many keys" : "[.., queries, keys] with keys");
  return x;
}
void ops::AttentionWeights::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const Shape& shape = out.shape();
  const std::int64_t keys = shape[shape.rank() - 1], queries = shape[shape.rank() - 2], rows = out.size() / keys;
  const std::int64_t step = kernels::shared_rows(keys, kernels::shared_elements / 4);
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict y = out.data<T>();
    const T* __restrict x = in[0].data<T>();
    const T c = static_cast<T>(factor);
    const bool hide = causal;
    kernels::share_ranges(rows, step, [=](std::int64_t begin, std::int64_t end) {
      simd::run([=] GRADUS_VECTOR_LOOP() {
        for (std::int64_t r = begin; r < end; ++r) {
          const std::int64_t seen = hide ? keys - queries + r % queries + 1 : keys;
          if (accumulate)
            kernels::row_weights<bytes, true>(y + r * keys, x + r * keys, seen, keys, c);
          else
            kernels::row_weights<bytes, false>(y + r * keys, x + r * keys, seen, keys, c);
        }
      });
    });
  });
}

void ops::AttentionWeightsDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t n = out.shape()[out.shape().rank() - 1], rows = n == 0 ? 0 : out.size() / n;
  const std::int64_t step = kernels::shared_rows(n, kernels::shared_elements / 4);
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict z = out.data<T>();
    const T* __restrict g = in[0].data<T>();
    const T* __restrict y = in[1].data<T>();
    const T c = static_cast<T>(factor);
    kernels::share_ranges(rows, step, [=](std::int64_t begin, std::int64_t end) {
      simd::run([=] GRADUS_LOOP() {
        for (std::int64_t r = begin; r < end; ++r) {
          if (accumulate)
            kernels::row_weights_derivative<true>(z + r * n, g + r * n, y + r * n, n, c);
          else
            kernels::row_weights_derivative<false>(z + r * n, g + r * n, y + r * n, n, c);
        }
      });
    });
  });
}

template class Operation<ops::AttentionWeightsDerivative>;
template class Operation<ops::AttentionWeights>;

}  // namespace gradus
