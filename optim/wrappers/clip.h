// Gradient clipping, by norm and element by element.
#pragma once

#include <cmath>

#include "autodiff/tensor/vectors.h"
#include "optim/update.h"
#include "optim/wrapper.h"

namespace gradus::optim {

struct ClipByNorm {
  double clip_norm = 1;

  static constexpr Place place{.effect = Effect::gradient};
  static constexpr Description describe() {
    return {"clip_by_norm",
            "Pascanu, Mikolov & Bengio (2013), Algorithm 1",
            "g <- g min(1, clip_norm / |g|)",
            "PyTorch divides by |g| + 1e-6. A gradient that is not finite is passed on as it is.",
            {field<&ClipByNorm::clip_norm>(positive(), "largest Euclidean norm of the whole gradient")}};
  }
  class Decorator;
};

class ClipByNorm::Decorator final : public DecoratorOf<ClipByNorm> {
 public:
  using DecoratorOf::DecoratorOf;
  void begin_step() override { invalidate(); }

 protected:
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    Objective& inner = inner_at(theta);
    const Tensor& g = inner.gradient();
    const double length = vectors::norm(g);
    // What is not finite stays as it is, for whoever looks at it.
    const double factor = length > h.clip_norm && std::isfinite(length) ? h.clip_norm / length : 1;
    update_each(gradient, g, [factor]<class T>(T) { return [f = T(factor)](T& to, T from) { to = f * from; }; });
    return inner.value();
  }
};

struct ClipByValue {
  double clip_value = 1;

  static constexpr Place place{.effect = Effect::gradient};
  static constexpr Description describe() {
    return {"clip_by_value",
            "common practice; clip_grad_value_ in PyTorch",
            "g <- max(-clip_value, min(clip_value, g))",
            "",
            {field<&ClipByValue::clip_value>(positive(), "largest magnitude of an element of the gradient")}};
  }
  class Decorator;
};

class ClipByValue::Decorator final : public DecoratorOf<ClipByValue> {
 public:
  using DecoratorOf::DecoratorOf;
  void begin_step() override { invalidate(); }

 protected:
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    Objective& inner = inner_at(theta);
    update_each(gradient, inner.gradient(), [this]<class T>(T) {
      return [limit = T(h.clip_value)](T& to, T from) {
        const T clipped = from > limit ? limit : from < -limit ? -limit : from;
        to = from - from == 0 ? clipped : from;  // what is not finite stays, for whoever looks at it
      };
    });
    return inner.value();
  }
};

}  // namespace gradus::optim
