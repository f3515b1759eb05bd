// Sums over the elements of vectors, vectorised, in double precision and always in the same order. Threads share long
// ones.
#pragma once

#include <cstdint>

#include "autodiff/kernels/fused_pass.h"
#include "autodiff/kernels/lane_sum.h"
#include "autodiff/kernels/scratch.h"
#include "autodiff/kernels/simd.h"
#include "autodiff/kernels/team.h"
#include "autodiff/tensor/tensor.h"

namespace gradus::vectors {

// The sum of term(x_i, ...) over n elements.
template <class Term, class... T>
double sum(std::int64_t n, const Term& term, const T*... x) {
  const auto part = [=](std::int64_t first, std::int64_t end) {
    double result = 0;
    simd::run([=, &result] GRADUS_LOOP() {
      result = kernels::lane_sum_of<double>(
          end - first, [=](std::int64_t i)
                           __attribute__((always_inline)) { return term(static_cast<double>(x[first + i])...); });
    });
    return result;
  };
  constexpr std::int64_t step = 2 * kernels::shared_elements;
  if (n < 2 * step) return part(0, n);
  const std::int64_t parts = (n + step - 1) / step;
  struct SumOfParts;
  double* sums = kernels::scratch<SumOfParts, double>(parts);
  const auto add_up = [&](std::int64_t i) { sums[i] = part(i * step, std::min(n, (i + 1) * step)); };
  if (n < pass_range(n))
    for (std::int64_t i = 0; i < parts; ++i) add_up(i);
  else
    kernels::share(parts, add_up);
  double total = 0;
  for (std::int64_t i = 0; i < parts; ++i) total += sums[i];
  return total;
}

// The same of tensors that have one size and floating type.
template <class Term, class... Others>
double sum_over(const Term& term, const Tensor& x, const Others&... others) {
  return with_floating(x.dtype(), [&]<class T>(T) {
    return sum(x.size(), term, static_cast<const T*>(x.data<T>()), static_cast<const T*>(others.template data<T>())...);
  });
}

}  // namespace gradus::vectors
