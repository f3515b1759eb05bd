// One pass over the elements of several tensors: what those who know no other kernel write theirs with.
#pragma once

#include "autodiff/kernels/lane_sum.h"
#include "autodiff/kernels/math.h"
#include "autodiff/kernels/simd.h"
#include "autodiff/kernels/team.h"
#include "autodiff/tensor/tensor.h"

namespace gradus {

// Elements of a range of a pass over n, for kernels::share_ranges. Vectors that one core's cache holds are not shared:
// the gradient that one thread wrote would have to come from the other core's.
inline std::int64_t pass_range(std::int64_t n) {
  constexpr std::int64_t cached = 1 << 19;
  return n < cached ? cached : kernels::shared_elements;
}

// -1, 0 or 1.
template <class T>
GRADUS_INLINE T sign_of(T x) {
  return x > 0 ? T{1} : x < 0 ? T{-1} : T{0};
}

// Calls update(theta_i, gradient_i, state_i...) for every i; all but the gradient are references that may be changed.
template <class Update, class... State>
void update_each(const Tensor& theta, const Tensor& gradient, const Update& make_update, const State&... state) {
  with_floating(theta.dtype(), [&]<class T>(T type) {
    const auto update = make_update(type);
    const auto run = [update](std::int64_t n, T* __restrict x, const T* __restrict g, auto* __restrict... s) {
      simd::run([=] GRADUS_LOOP() {
#pragma GCC ivdep
        for (std::int64_t i = 0; i < n; ++i) update(x[i], g[i], s[i]...);
      });
    };
    kernels::share_ranges(theta.size(), pass_range(theta.size()), [&](std::int64_t first, std::int64_t end) {
      run(end - first, theta.data<T>() + first, gradient.data<T>() + first, (state.template data<T>() + first)...);
    });
  });
}

// change(x_i) for every i; the maker is given a number of the element type, as in update_each.
template <class Change>
void change_each(const Tensor& x, const Change& make_change) {
  with_floating(x.dtype(), [&]<class T>(T type) {
    const auto change = make_change(type);
    T* to = x.data<T>();
    kernels::share_ranges(x.size(), pass_range(x.size()), [&change, to](std::int64_t first, std::int64_t end) {
      simd::run([=] GRADUS_LOOP() {
        for (std::int64_t i = first; i < end; ++i) change(to[i]);
      });
    });
  });
}

}  // namespace gradus
