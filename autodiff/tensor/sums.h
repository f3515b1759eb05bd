// Sums over the elements of vectors, vectorised, in double precision and always in the same order.
#pragma once

#include <cstdint>

#include "autodiff/kernels/lane_sum.h"
#include "autodiff/kernels/simd.h"
#include "autodiff/tensor/tensor.h"

namespace gradus::vectors {

// The sum of term(x_i, ...) over n elements.
template <class Term, class... T>
double sum(std::int64_t n, const Term& term, const T*... x) {
  double result = 0;
  simd::run([=, &result] GRADUS_LOOP() {
    result = kernels::lane_sum_of<double>(
        n, [=](std::int64_t i) __attribute__((always_inline)) { return term(static_cast<double>(x[i])...); });
  });
  return result;
}

// The same of tensors that have one size and floating type.
template <class Term, class... Others>
double sum_over(const Term& term, const Tensor& x, const Others&... others) {
  return with_floating(x.dtype(), [&]<class T>(T) {
    return sum(x.size(), term, static_cast<const T*>(x.data<T>()), static_cast<const T*>(others.template data<T>())...);
  });
}

}  // namespace gradus::vectors
