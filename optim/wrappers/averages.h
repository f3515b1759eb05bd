// Averages of the points that an optimizer goes through, at which the model is evaluated; training does not see them.
#pragma once

#include "optim/update.h"
#include "optim/wrapper.h"

namespace gradus::optim {
namespace detail {

// a += weight (theta - a)
inline void approach(const Tensor& average, const Tensor& theta, double weight) {
  update_each(average, theta, [weight]<class T>(T) { return [w = T(weight)](T& a, T x) { a += w * (x - a); }; });
}

}  // namespace detail

struct Ema {
  double ema_decay = 0.999;

  static constexpr Place place{.effect = Effect::step, .around_curvature = true};
  static constexpr Description describe() {
    return {"ema",
            "Polyak & Juditsky (1992), with exponential weights",
            "theta <- step(theta);  a <- ema_decay a + (1 - ema_decay) theta;  evaluated at a",
            R"(
            a starts at theta after the first step, so there is no bias to correct. It averages theta, not the inner
            optimizer's own average if it has one.
            )",
            {field<&Ema::ema_decay>(decay(), "weight of the average so far")}};
  }
  class Around;
};

class Ema::Around final : public AroundStepOf<Ema> {
 public:
  using AroundStepOf::AroundStepOf;
  Tensor evaluation_point(const Tensor& theta) override { return average_.defined() ? average_ : theta; }
  std::optional<Stability> stability() override { return inner().stability(); }

 protected:
  void after(const Tensor& theta) override {
    if (!average_.defined()) {
      average_ = theta.clone();
    } else {
      ensure_state(average_, theta);
      detail::approach(average_, theta, 1 - h.ema_decay);
    }
  }
  void visit_own(StateVisitor& visitor) override { visitor.tensor("average", average_); }

 private:
  Tensor average_;
};

struct Swa {
  std::int64_t swa_start = 0, swa_every = 1;

  static constexpr Place place{.effect = Effect::step, .around_curvature = true};
  static constexpr Description describe() {
    return {"swa",
            "Izmailov et al. (2018), Algorithm 1",
            R"(
            theta <- step(theta)
            each swa_every steps after swa_start: a <- (n a + theta) / (n + 1), n <- n + 1
            evaluated at a
            )",
            R"(
            Running statistics of batch normalisation are those seen in training; the paper computes them again for a.
            )",
            {field<&Swa::swa_start>(at_least(0), "steps before the average begins"),
             field<&Swa::swa_every>(at_least(1), "steps between two points of the average")}};
  }
  class Around;
};

class Swa::Around final : public AroundStepOf<Swa> {
 public:
  using AroundStepOf::AroundStepOf;
  Tensor evaluation_point(const Tensor& theta) override { return points_ > 0 ? average_ : theta; }
  std::optional<Stability> stability() override { return inner().stability(); }

 protected:
  void before(const Objective&, const Tensor& theta) override { ensure_state(average_, theta); }
  void after(const Tensor& theta) override {
    if (++step_ > h.swa_start && (step_ - h.swa_start) % h.swa_every == 0)
      detail::approach(average_, theta, 1 / static_cast<double>(++points_));
  }
  void visit_own(StateVisitor& visitor) override {
    visitor.tensor("average", average_);
    visitor.counter("step", step_);
    visitor.counter("points", points_);
  }

 private:
  std::int64_t step_ = 0, points_ = 0;
  Tensor average_;
};

}  // namespace gradus::optim
