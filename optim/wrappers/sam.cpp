// Sharpness-aware minimisation: the gradient of a point nearby that is worse.
//   SAM, Foret et al. (2021), eq. 2 and Algorithm 1:  g <- grad f(theta + rho g / |g|)
//   ASAM, Kwon et al. (2021), eq. 8 and Algorithm 1:  g <- grad f(theta + rho T^2 g / |T g|),  T = |theta| + eta
// Both cost two gradients a step. Where the gradient is 0 or not finite it is used as it is.
#include <cmath>

#include "optim/update.h"
#include "optim/wrapper.h"
#include "optim/wrappers/vectors.h"

namespace gradus::optim {
namespace {

class SharpnessAware : public StepDecorator {
 public:
  explicit SharpnessAware(Setting radius) : radius_(std::move(radius)) {}
  void begin_step() override { invalidate(); }

 protected:
  // |T g|
  virtual double length(const Tensor& theta, const Tensor& gradient) const = 0;
  // theta <- theta + factor T^2 g
  virtual void perturb(const Tensor& theta, const Tensor& gradient, double factor) const = 0;

  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    Objective& inner = inner_at(theta);
    const Tensor& g = inner.gradient();
    const double value = inner.value(), scale = length(theta, g);
    if (!(scale > 0) || !std::isfinite(scale)) {
      gradient.copy_from(g);
      return value;
    }
    ensure_state(kept_, theta);
    kept_.copy_from(theta);
    {
      // Theta itself goes there and back, as objectives keep views of its memory.
      const Return back{theta, kept_};
      perturb(theta, g, radius_ / scale);
      gradient.copy_from(inner_moved_to(theta).gradient());
    }
    inner_moved_to(theta);
    return value;
  }

 private:
  struct Return {
    const Tensor &theta, &kept;
    ~Return() { theta.copy_from(kept); }
  };
  Setting radius_;
  Tensor kept_;
};

class Sam final : public SharpnessAware {
 public:
  explicit Sam(const Settings& s) : SharpnessAware(s["sam_radius"]) {}

 protected:
  double length(const Tensor&, const Tensor& gradient) const override { return norm(gradient); }
  void perturb(const Tensor& theta, const Tensor& gradient, double factor) const override {
    update_each(theta, gradient,
                [factor]<class T>(T) { return [f = static_cast<T>(factor)](T& x, T g) { x += f * g; }; });
  }
};

class Asam final : public SharpnessAware {
 public:
  explicit Asam(const Settings& s) : SharpnessAware(s["asam_radius"]), eta_(s["asam_eta"]) {}

 protected:
  double length(const Tensor& theta, const Tensor& gradient) const override {
    return norm_of(theta, [&]<class T>(T) {
      return [ x = theta.data<T>(), g = gradient.data<T>(), eta = static_cast<double>(eta_) ](std::int64_t i)
          __attribute__((always_inline)) {
        const double at = static_cast<double>(x[i]);
        return ((at < 0 ? -at : at) + eta) * static_cast<double>(g[i]);
      };
    });
  }
  void perturb(const Tensor& theta, const Tensor& gradient, double factor) const override {
    update_each(theta, gradient, [this, factor]<class T>(T) {
      return [f = static_cast<T>(factor), eta = static_cast<T>(eta_)](T& x, T g) {
        const T scale = (x < 0 ? -x : x) + eta;
        x += f * scale * scale * g;
      };
    });
  }

 private:
  Setting eta_;
};

template <class Decorator>
std::function<std::unique_ptr<Optimizer>(Inner, const Settings&)> maker(const std::string& name) {
  return [name](Inner inner, const Settings& s) -> std::unique_ptr<Optimizer> {
    return std::make_unique<DecoratingWrapper>(name, std::move(inner.optimizer), std::make_unique<Decorator>(s));
  };
}

}  // namespace

WrapperKind sam_wrapper() {
  return {"sam",
          "Foret et al. (2021), Algorithm 1",
          {positive("sam_radius", 0.05, "distance to the point whose gradient is used")},
          maker<Sam>("sam"),
          Effect::points,
          "g <- grad f(theta + sam_radius g / |g|)",
          "The loss that is reported is that at theta. The authors' code and Optax divide by |g| as here; davda54's "
          "program for PyTorch adds 1e-12 to it."};
}
WrapperKind asam_wrapper() {
  return {"asam",
          "Kwon et al. (2021), Algorithm 1",
          {positive("asam_radius", 0.5, "distance, measured by T^-1, to the point whose gradient is used"),
           non_negative("asam_eta", 0.01, "added to |theta| in T")},
          maker<Asam>("asam"),
          Effect::points,
          "T = |theta| + asam_eta;  g <- grad f(theta + asam_radius T^2 g / |T g|)",
          "T is element by element for every parameter; the authors' code leaves biases unscaled."};
}

}  // namespace gradus::optim
