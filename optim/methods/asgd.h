// Averaged stochastic gradient descent.
#pragma once

#include "optim/elementwise.h"

namespace gradus::optim {

struct Asgd {
  double learning_rate = 0.01;
  std::int64_t average_start = 0;

  static constexpr Description describe() {
    return {"asgd",
            "Ruppert (1988); Polyak & Juditsky (1992)",
            R"(
            theta <- theta - learning_rate g
            t <= average_start: a = theta, else a <- a + (theta - a) / (t - average_start)
            evaluated at a
            )",
            R"(
            PyTorch's ASGD also lets the rate fall with time and decays theta (lambd and alpha), and its t0 is
            average_start - 1, by default 1e6; the rate falls here by a schedule. Gradients are taken at theta,
            evaluations at a.
            )",
            {field<&Asgd::learning_rate>(positive(), "step size"),
             field<&Asgd::average_start>(at_least(0), "steps before the mean over the points begins")},
            {"average"},
            {},
            "average"};
  }
  // The average is only looked at.
  Stability stability(std::int64_t, std::span<const Tensor>) const { return {2 / learning_rate}; }
  template <class T>
  auto update(std::int64_t t) const {
    // 1 copies the point.
    const double share = t <= average_start + 1 ? 1 : 1 / static_cast<double>(t - average_start);
    return [rate = T(learning_rate), share = T(share)](T& x, T g, T& a) {
      x -= rate * g;
      a = share == 1 ? x : a + share * (x - a);
    };
  }
};

}  // namespace gradus::optim
