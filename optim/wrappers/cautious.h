// Cautious updates: only what goes down by the gradient of now is moved.
#pragma once

#include "autodiff/tensor/sums.h"
#include "optim/update.h"
#include "optim/wrapper.h"

namespace gradus::optim {

struct Cautious {
  double cautious_extra = 1;

  static constexpr Place place{.effect = Effect::step};
  static constexpr Description describe() {
    return {"cautious",
            "Liang et al. (2024), Algorithm 1",
            R"(
            u = theta - step(theta)
            for each slice of theta: k = the number of its elements with u g > 0
              theta <- theta - u [u g > 0] size / (k + cautious_extra)
            )",
            R"(
            The factor is each slice's own, as in the authors' code, which divides by max(k / size, 0.001); the paper
            has one for all of theta. A weight decay of the method inside is a part of u; in other libraries it is not.
            )",
            {field<&Cautious::cautious_extra>(
                non_negative(), "added to the number of elements that move; with 0 and none, nothing moves")}};
  }
  class Around;
};

class Cautious::Around final : public AroundStepOf<Cautious> {
 public:
  using AroundStepOf::AroundStepOf;

 protected:
  // The first gradient that the method inside asks for is that at theta.
  class Look final : public ObjectiveDecorator {
   public:
    Tensor first;
    bool seen = false;

   protected:
    double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
      const double value = ObjectiveDecorator::compute_gradient(theta, gradient);
      ensure_state(first, theta);
      if (!seen) first.copy_from(gradient);
      seen = true;
      return value;
    }
  };
  void before(const Objective&, const Tensor& theta) override {
    ensure_state(start_, theta);
    start_.copy_from(theta);
  }
  Objective& shown(Objective& objective) override {
    look_.wrap(objective);
    look_.invalidate();
    look_.seen = false;
    return look_;
  }
  void after(const Tensor& theta) override {
    const auto moves = [](double x, double g, double start) { return (start - x) * g > 0 ? 1.0 : 0.0; };
    for (const ParameterSlice& slice : look_.slices()) {
      const Tensor part = slice.of(theta), g = slice.of(look_.first), start = slice.of(start_);
      const double kept = vectors::sum_over(moves, part, g, start) + h.cautious_extra;
      const double factor = kept > 0 ? static_cast<double>(slice.size()) / kept : 0;
      update_each(
          part, g,
          [factor]<class T>(T) {
            return [f = T(factor)](T& x, T slope, T& from) {
              const T u = from - x;
              x = u * slope > 0 ? from - f * u : from;
            };
          },
          start);
    }
  }

 private:
  Look look_;
  Tensor start_;
};

}  // namespace gradus::optim
