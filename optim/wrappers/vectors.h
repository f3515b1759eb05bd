// What several wrappers do with whole vectors.
#pragma once

#include <cmath>

#include "autodiff/kernels/lane_sum.h"
#include "autodiff/random.h"
#include "autodiff/tensor.h"
#include "optim/layerwise.h"

namespace gradus::optim {

// The Euclidean norm of f(x_i), summed in double precision in a fixed order.
template <class F>
double norm_of(const Tensor& shape_of, const F& make_element) {
  double sum = 0;
  with_floating(shape_of.dtype(), [&]<class T>(T type) {
    const auto element = make_element(type);
    const std::int64_t n = shape_of.size();
    double* to = &sum;
    simd::run([=] GRADUS_LOOP() {
      *to = kernels::lane_sum_of<double>(
          n, [=](std::int64_t i) __attribute__((always_inline)) {
            const double x = element(i);
            return x * x;
          });
    });
  });
  return std::sqrt(sum);
}

// change(x_i) for every i; the maker is given a number of the element type, as in update_each.
template <class Change>
void change_each(const Tensor& x, const Change& make_change) {
  with_floating(x.dtype(), [&]<class T>(T type) {
    const auto change = make_change(type);
    T* to = x.data<T>();
    const std::int64_t n = x.size();
    simd::run([=] GRADUS_LOOP() {
      for (std::int64_t i = 0; i < n; ++i) change(to[i]);
    });
  });
}

// x_i += scale z_i, z standard normal: the next numbers of the stream.
inline void add_normal(const Tensor& x, double scale, RandomStream& stream) {
  with_floating(x.dtype(), [&]<class T>(T) {
    for (T& element : x.elements<T>()) element += static_cast<T>(scale * stream.normal());
  });
}

}  // namespace gradus::optim
