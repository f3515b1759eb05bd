// Gradient clipping. By norm: Pascanu, Mikolov & Bengio (2013), Algorithm 1; by value: element by element.
#include <algorithm>

#include "optim/update.h"
#include "optim/wrapper.h"
#include "optim/wrappers/vectors.h"

namespace gradus::optim {
namespace {

class ClipByNorm final : public StepDecorator {
 public:
  explicit ClipByNorm(Setting limit) : limit_(std::move(limit)) {}
  void begin_step() override { invalidate(); }

 protected:
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    Objective& inner = inner_at(theta);
    const Tensor& g = inner.gradient();
    const double length = norm(g);
    // What is not finite stays as it is, for whoever looks at it.
    const double factor = length > limit_ && std::isfinite(length) ? limit_ / length : 1;
    update_each(gradient, g,
                [factor]<class T>(T) { return [f = static_cast<T>(factor)](T& to, T from) { to = f * from; }; });
    return inner.value();
  }

 private:
  Setting limit_;
};

class ClipByValue final : public StepDecorator {
 public:
  explicit ClipByValue(Setting limit) : limit_(std::move(limit)) {}
  void begin_step() override { invalidate(); }

 protected:
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    Objective& inner = inner_at(theta);
    update_each(gradient, inner.gradient(), [this]<class T>(T) {
      return [limit = static_cast<T>(limit_)](T& to, T from) {
        const T clipped = from > limit ? limit : from < -limit ? -limit : from;
        to = from - from == 0 ? clipped : from;  // what is not finite stays, for whoever looks at it
      };
    });
    return inner.value();
  }

 private:
  Setting limit_;
};

}  // namespace

WrapperKind clip_by_norm_wrapper() {
  return {"clip_by_norm",
          "Pascanu, Mikolov & Bengio (2013), Algorithm 1",
          {positive("clip_norm", 1, "largest Euclidean norm of the whole gradient")},
          [](Inner inner, const Settings& s) -> std::unique_ptr<Optimizer> {
            return std::make_unique<DecoratingWrapper>("clip_by_norm", std::move(inner.optimizer),
                                                       std::make_unique<ClipByNorm>(s["clip_norm"]));
          },
          Effect::gradient,
          "g <- g min(1, clip_norm / |g|)",
          "PyTorch divides by |g| + 1e-6. A gradient that is not finite is passed on as it is."};
}
WrapperKind clip_by_value_wrapper() {
  return {"clip_by_value",
          "common practice; clip_grad_value_ in PyTorch",
          {positive("clip_value", 1, "largest magnitude of an element of the gradient")},
          [](Inner inner, const Settings& s) -> std::unique_ptr<Optimizer> {
            return std::make_unique<DecoratingWrapper>("clip_by_value", std::move(inner.optimizer),
                                                       std::make_unique<ClipByValue>(s["clip_value"]));
          },
          Effect::gradient,
          "g <- max(-clip_value, min(clip_value, g))"};
}

}  // namespace gradus::optim
