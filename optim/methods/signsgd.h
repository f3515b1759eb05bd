// Sign gradient descent.
#pragma once

#include "optim/elementwise.h"

namespace gradus::optim {

struct SignSgd {
  double learning_rate = 0.001;

  static constexpr Description describe() {
    return {"signsgd",
            "Bernstein et al. (2018), Algorithm 1",
            "theta <- theta - learning_rate sign(g), sign(0) = 0",
            "Optax has it as sign_sgd; PyTorch and Keras do not have it.",
            {field<&SignSgd::learning_rate>(positive(), "what each parameter moves by")}};
  }
  template <class T>
  auto update() const {
    return [rate = T(learning_rate)](T& x, T g) { x -= rate * sign_of(g); };
  }
};

}  // namespace gradus::optim
