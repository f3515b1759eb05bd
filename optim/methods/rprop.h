// Rprop without backtracking, for whole data sets: on batches the sign is noise.
#pragma once

#include <fmt/format.h>

#include <stdexcept>

#include "optim/elementwise.h"

namespace gradus::optim {

struct Rprop {
  double learning_rate = 0.01, increase = 1.2, decrease = 0.5, smallest_step = 1e-6, largest_step = 50;

  static constexpr Description describe() {
    return {"rprop",
            "Riedmiller & Braun (1993); Igel & Huesken (2000), iRprop-",
            R"(
            s = sign(g g_previous)
            s > 0: step <- min(increase step, largest_step)
            s < 0: step <- max(decrease step, smallest_step), g <- 0
            theta <- theta - sign(g) step;  g_previous = g
            )",
            R"(
            PyTorch does the same; Optax takes each step one call later. The paper of 1993 takes the last step back
            where the sign changed. The rate is read once: a schedule of it changes nothing after the first step.
            )",
            {field<&Rprop::learning_rate>(positive(), "the first step of each parameter"),
             field<&Rprop::increase>(above_one(), "factor of a step whose gradient kept its sign"),
             field<&Rprop::decrease>(fraction(), "factor of a step whose gradient changed its sign"),
             field<&Rprop::smallest_step>(positive(), "steps do not become shorter"),
             field<&Rprop::largest_step>(positive(), "steps do not become longer")},
            {state<&Rprop::learning_rate>("step_size"), "previous_gradient"}};
  }
  void check() const {
    if (smallest_step > largest_step)
      throw std::invalid_argument(fmt::format("rprop: smallest_step = {:g}, expected at most largest_step = {:g}",
                                              smallest_step, largest_step));
  }
  template <class T>
  auto update() const {
    return [increase = T(increase), decrease = T(decrease), smallest = T(smallest_step), largest = T(largest_step)](
               T& x, T g, T& size, T& previous) {
      // The product of the signs, as that of the gradients may underflow.
      const T agreement = sign_of(g) * sign_of(previous);
      const T longer = size * increase, shorter = size * decrease;
      const T grown = longer < largest ? longer : largest, shrunk = shorter > smallest ? shorter : smallest;
      size = agreement > 0 ? grown : agreement < 0 ? shrunk : size;
      previous = agreement < 0 ? T{0} : g;
      x -= sign_of(previous) * size;
    };
  }
};

}  // namespace gradus::optim
