// Sums over the elements of tensors that have no name in the vector algebra.
#pragma once

#include "autodiff/kernels/lane_sum.h"
#include "autodiff/kernels/simd.h"
#include "autodiff/tensor.h"

namespace gradus::optim {

// The sum of term(x_i, others_i...), in double precision and in a fixed order; all have the same size and floating type.
template <class Term, class... Others>
double sum_over(const Term& term, const Tensor& x, const Others&... others) {
  double sum = 0;
  with_floating(x.dtype(), [&]<class T>(T) {
    const std::int64_t n = x.size();
    const auto run = [&](const auto*... pointers) {
      simd::run([=, &sum] GRADUS_LOOP() {
        sum = kernels::lane_sum_of<double>(
            n, [=](std::int64_t i)
                   __attribute__((always_inline)) { return term(static_cast<double>(pointers[i])...); });
      });
    };
    run(x.data<T>(), others.template data<T>()...);
  });
  return sum;
}

}  // namespace gradus::optim
