// One fused pass over the parameters.
#pragma once

#include "autodiff/kernels/simd.h"
#include "autodiff/tensor.h"

namespace gradus::optim {

// State that starts as zeros, of the parameters' length and type, on the first step.
inline void ensure_state(Tensor& state, const Tensor& theta) {
  if (!state.defined()) state = Tensor::zeros(theta.shape(), theta.dtype());
}

// Calls update(theta_i, gradient_i, state_i...) for every i; all but the gradient are references that may be changed.
template <class Update, class... State>
void update_each(const Tensor& theta, const Tensor& gradient, const Update& make_update, const State&... state) {
  with_floating(theta.dtype(), [&]<class T>(T type) {
    const auto update = make_update(type);
    const std::int64_t n = theta.size();
    const auto run = [update, n](T* __restrict x, const T* __restrict g, auto* __restrict... s) {
      simd::run([=] GRADUS_LOOP() {
#pragma GCC ivdep
        for (std::int64_t i = 0; i < n; ++i) update(x[i], g[i], s[i]...);
      });
    };
    run(theta.data<T>(), gradient.data<T>(), state.template data<T>()...);
  });
}

}  // namespace gradus::optim
