// Penalties that are part of the objective: value, gradient and curvature products are those of the sum.
#pragma once

#include <algorithm>
#include <cmath>

#include "autodiff/tensor/vectors.h"
#include "optim/update.h"
#include "optim/wrapper.h"
#include "optim/wrappers/exclusion.h"

namespace gradus::optim {
namespace detail {

// A weight on a sum over the parameters that are not excluded.
template <class W, auto Weight, auto Exclude>
class Penalty : public DecoratorOf<W> {
 public:
  Penalty(const W& wrapper, const RandomStream& its_stream)
      : DecoratorOf<W>(wrapper, its_stream),
        selection_(std::string(about<W>().name), std::string(about<W>().fields[1].name), wrapper.*Exclude) {}
  void check(const Objective& objective) override { selection_.ranges(objective); }
  void begin_step() override {
    if (known_weight_ != weight()) this->invalidate();  // a schedule has changed it
    known_weight_ = weight();
  }

 protected:
  double weight() const { return this->h.*Weight; }
  // Calls f(offset, size) for what is penalised.
  template <class F>
  void each(const F& f) {
    for (const Selection::Range& range : selection_.ranges(*this)) f(range.offset, range.size);
  }
  // The sum over what is penalised of element(theta_i), in double precision.
  template <class F>
  double sum(const Tensor& theta, const F& element) {
    double total = 0;
    each([&](std::int64_t offset, std::int64_t size) {
      with_floating(theta.dtype(), [&]<class T>(T) {
        for (const T x : theta.part(offset, {size}).elements<T>()) total += element(static_cast<double>(x));
      });
    });
    return total;
  }

 private:
  Selection selection_;
  double known_weight_ = -1;
};

}  // namespace detail

struct L2Penalty {
  double l2 = 1e-4;
  Excluded l2_exclude = Excluded::none;

  static constexpr Place place{.effect = Effect::gradient, .around_curvature = true};
  static constexpr Description describe() {
    return {"l2_penalty",
            "Tikhonov (1943); Hoerl & Kennard (1970)",
            "f <- f + l2/2 |theta|^2;  g <- g + l2 theta;  H v <- H v + l2 v;  G v <- G v + l2 v",
            R"(
            This is what most of PyTorch's optimizers call weight_decay; AdamW and Adafactor decouple theirs. Keras'
            regularizers.L2(w) is l2 = 2 w. The reported loss has the penalty. Sampled gradients and Kronecker factors,
            which estimate the Fisher matrix, are those without it.
            )",
            {field<&L2Penalty::l2>(non_negative(), "weight of the penalty"), exclusion<&L2Penalty::l2_exclude>()}};
  }
  class Decorator;
};

class L2Penalty::Decorator final : public detail::Penalty<L2Penalty, &L2Penalty::l2, &L2Penalty::l2_exclude> {
 public:
  using Penalty::Penalty;
  // H + l2 is below the threshold where H is below it by l2, if P is the identity.
  std::optional<Stability> stability(const Stability& of_inner) const override {
    if (of_inner.preconditioner.defined() || h.l2_exclude != Excluded::none) return std::nullopt;
    Stability less = of_inner;
    less.threshold -= h.l2;
    return less;
  }

 protected:
  double compute_value(const Tensor& theta) override { return DecoratorOf::compute_value(theta) + penalty(theta); }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    const double value = DecoratorOf::compute_gradient(theta, gradient);
    add(theta, gradient);
    return value + penalty(theta);
  }
  void change(Curvature& curvature) override {
    for (LinearOperator* matrix : {&curvature.hessian, &curvature.gauss_newton}) {
      if (!*matrix) continue;
      matrix->times = [this, of_inner = std::move(matrix->times)](const Tensor& v, const Tensor& out) {
        of_inner(v, out);
        add_to_rows(v, out);
      };
    }
  }

 private:
  double penalty(const Tensor& theta) {
    return weight() / 2 * sum(theta, [](double x) { return x * x; });
  }
  void add(const Tensor& v, const Tensor& out) {
    each([&](std::int64_t offset, std::int64_t size) {
      vectors::axpy(weight(), v.part(offset, {size}), out.part(offset, {size}));
    });
  }
  // Of one vector or of several, [k, size].
  void add_to_rows(const Tensor& v, const Tensor& out) {
    if (v.shape().rank() == 1) return add(v, out);
    for (std::int64_t row = 0; row < v.shape()[0]; ++row)
      add(v.part(row * size(), {size()}), out.part(row * size(), {size()}));
  }
};

struct L1Penalty {
  double l1 = 1e-5;
  Excluded l1_exclude = Excluded::none;

  static constexpr Place place{.effect = Effect::gradient};
  static constexpr Description describe() {
    return {"l1_penalty",
            "Tibshirani (1996)",
            "f <- f + l1 |theta|_1;  g <- g + l1 sign(theta), sign(0) = 0",
            "A subgradient leaves no exact zeros; proximal_l1 does. The reported loss has the penalty.",
            {field<&L1Penalty::l1>(non_negative(), "weight of the penalty"), exclusion<&L1Penalty::l1_exclude>()}};
  }
  class Decorator;
};

class L1Penalty::Decorator final : public detail::Penalty<L1Penalty, &L1Penalty::l1, &L1Penalty::l1_exclude> {
 public:
  using Penalty::Penalty;

 protected:
  double compute_value(const Tensor& theta) override { return DecoratorOf::compute_value(theta) + penalty(theta); }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    const double value = DecoratorOf::compute_gradient(theta, gradient);
    each([&](std::int64_t offset, std::int64_t size) {
      update_each(gradient.part(offset, {size}), theta.part(offset, {size}), [this]<class T>(T) {
        return [w = T(weight())](T& to, T x) { to += x > 0 ? w : x < 0 ? -w : T{0}; };
      });
    });
    return value + penalty(theta);
  }

 private:
  double penalty(const Tensor& theta) {
    return weight() * sum(theta, [](double x) { return std::abs(x); });
  }
};

}  // namespace gradus::optim
