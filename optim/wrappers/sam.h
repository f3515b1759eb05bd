// Sharpness-aware minimisation: the gradient of a point nearby that is worse. Both cost two gradients a step. Where the
// gradient is 0 or not finite it is used as it is.
#pragma once

#include <cmath>

#include "autodiff/tensor/sums.h"
#include "autodiff/tensor/vectors.h"
#include "optim/update.h"
#include "optim/wrapper.h"

namespace gradus::optim {
namespace detail {

template <class W, auto Radius>
class SharpnessAware : public DecoratorOf<W> {
 public:
  using DecoratorOf<W>::DecoratorOf;
  void begin_step() override { this->invalidate(); }

 protected:
  // |T g|
  virtual double length(const Tensor& theta, const Tensor& gradient) const = 0;
  // theta <- theta + factor T^2 g
  virtual void perturb(const Tensor& theta, const Tensor& gradient, double factor) const = 0;

  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    Objective& inner = this->inner_at(theta);
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
      perturb(theta, g, this->h.*Radius / scale);
      gradient.copy_from(this->inner_moved_to(theta).gradient());
    }
    this->inner_moved_to(theta);
    return value;
  }

 private:
  struct Return {
    const Tensor &theta, &kept;
    ~Return() { theta.copy_from(kept); }
  };
  Tensor kept_;
};

}  // namespace detail

struct Sam {
  double sam_radius = 0.05;

  static constexpr Place place{.effect = Effect::points};
  static constexpr Description describe() {
    return {"sam",
            "Foret et al. (2021), eq. 2 and Algorithm 1",
            "g <- grad f(theta + sam_radius g / |g|)",
            R"(
            The loss that is reported is that at theta. The authors' code and Optax divide by |g| as here; davda54's
            program for PyTorch adds 1e-12 to it.
            )",
            {field<&Sam::sam_radius>(positive(), "distance to the point whose gradient is used")}};
  }
  class Decorator;
};

class Sam::Decorator final : public detail::SharpnessAware<Sam, &Sam::sam_radius> {
 public:
  using SharpnessAware::SharpnessAware;

 protected:
  double length(const Tensor&, const Tensor& gradient) const override { return vectors::norm(gradient); }
  void perturb(const Tensor& theta, const Tensor& gradient, double factor) const override {
    update_each(theta, gradient, [factor]<class T>(T) { return [f = T(factor)](T& x, T g) { x += f * g; }; });
  }
};

struct Asam {
  double asam_radius = 0.5, asam_eta = 0.01;

  static constexpr Place place{.effect = Effect::points};
  static constexpr Description describe() {
    return {"asam",
            "Kwon et al. (2021), eq. 8 and Algorithm 1",
            "T = |theta| + asam_eta;  g <- grad f(theta + asam_radius T^2 g / |T g|)",
            "T is element by element for every parameter; the authors' code leaves biases unscaled.",
            {field<&Asam::asam_radius>(positive(), "distance, measured by T^-1, to the point whose gradient is used"),
             field<&Asam::asam_eta>(non_negative(), "added to |theta| in T")}};
  }
  class Decorator;
};

class Asam::Decorator final : public detail::SharpnessAware<Asam, &Asam::asam_radius> {
 public:
  using SharpnessAware::SharpnessAware;

 protected:
  double length(const Tensor& theta, const Tensor& gradient) const override {
    const auto square = [eta = h.asam_eta](double x, double g) {
      const double scaled = ((x < 0 ? -x : x) + eta) * g;
      return scaled * scaled;
    };
    return std::sqrt(vectors::sum_over(square, theta, gradient));
  }
  void perturb(const Tensor& theta, const Tensor& gradient, double factor) const override {
    update_each(theta, gradient, [this, factor]<class T>(T) {
      return [f = T(factor), eta = T(h.asam_eta)](T& x, T g) {
        const T scale = (x < 0 ? -x : x) + eta;
        x += f * scale * scale * g;
      };
    });
  }
};

}  // namespace gradus::optim
