// Penalties that are part of the objective: value, gradient and curvature products are those of the sum.
//   L2: f + l2/2 |theta|^2, gradient + l2 theta, products + l2 v
//   L1: f + l1 |theta|_1, a subgradient: + l1 sign(theta), sign(0) = 0
#include <algorithm>
#include <cmath>

#include "optim/update.h"
#include "optim/wrapper.h"
#include "optim/wrappers/exclusion.h"

namespace gradus::optim {
namespace {

class Penalty : public StepDecorator {
 public:
  Penalty(Setting weight, Selection selection) : weight_(std::move(weight)), selection_(std::move(selection)) {}
  void check(const Objective& objective) override { selection_.ranges(objective); }
  void begin_step() override {
    if (known_weight_ != weight_) invalidate();  // a schedule has changed it
    known_weight_ = weight_;
  }

 protected:
  double weight() const { return weight_; }
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
  Setting weight_;
  Selection selection_;
  double known_weight_ = -1;
};

class L2 final : public Penalty {
 public:
  using Penalty::Penalty;

 protected:
  double compute_value(const Tensor& theta) override { return Penalty::compute_value(theta) + penalty(theta); }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    const double value = Penalty::compute_gradient(theta, gradient);
    add(theta, gradient);
    return value + penalty(theta);
  }
  void compute_hessian_times(const Tensor& theta, const Tensor& v, const Tensor& out) override {
    Penalty::compute_hessian_times(theta, v, out);
    add_to_rows(v, out);
  }
  void compute_gauss_newton_times(const Tensor& theta, const Tensor& v, const Tensor& out) override {
    Penalty::compute_gauss_newton_times(theta, v, out);
    add_to_rows(v, out);
  }

 private:
  double penalty(const Tensor& theta) {
    return weight() / 2 * sum(theta, [](double x) { return x * x; });
  }
  void add(const Tensor& v, const Tensor& out) {
    each([&](std::int64_t offset, std::int64_t size) {
      update_each(out.part(offset, {size}), v.part(offset, {size}),
                  [this]<class T>(T) { return [w = static_cast<T>(weight())](T& to, T x) { to += w * x; }; });
    });
  }
  // Of one vector or of several, [k, size].
  void add_to_rows(const Tensor& v, const Tensor& out) {
    if (v.shape().rank() == 1) return add(v, out);
    for (std::int64_t row = 0; row < v.shape()[0]; ++row)
      add(v.part(row * size(), {size()}), out.part(row * size(), {size()}));
  }
};

class L1 final : public Penalty {
 public:
  using Penalty::Penalty;

 protected:
  double compute_value(const Tensor& theta) override { return Penalty::compute_value(theta) + penalty(theta); }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    const double value = Penalty::compute_gradient(theta, gradient);
    each([&](std::int64_t offset, std::int64_t size) {
      update_each(gradient.part(offset, {size}), theta.part(offset, {size}), [this]<class T>(T) {
        return [w = static_cast<T>(weight())](T& to, T x) { to += x > 0 ? w : x < 0 ? -w : T{0}; };
      });
    });
    return value + penalty(theta);
  }

 private:
  double penalty(const Tensor& theta) {
    return weight() * sum(theta, [](double x) { return std::abs(x); });
  }
};

template <class P>
WrapperKind penalty_wrapper(const std::string& name, const std::string& weight, double fallback) {
  return {name,
          "",
          {non_negative(weight, fallback, "weight of the penalty"), exclusion(weight + "_exclude")},
          [=](Inner inner, const Settings& s) -> std::unique_ptr<Optimizer> {
            return std::make_unique<DecoratingWrapper>(
                name, std::move(inner.optimizer),
                std::make_unique<P>(s[weight], Selection(name, weight + "_exclude", s.choice(weight + "_exclude"))));
          }};
}

}  // namespace

WrapperKind l2_penalty_wrapper() {
  WrapperKind kind = penalty_wrapper<L2>("l2_penalty", "l2", 1e-4);
  kind.source = "Tikhonov (1943); Hoerl & Kennard (1970)";
  kind.formula = "f <- f + l2/2 |theta|^2;  g <- g + l2 theta;  H v <- H v + l2 v;  G v <- G v + l2 v";
  kind.differences =
      "This is what most of PyTorch's optimizers call weight_decay; AdamW and Adafactor decouple theirs. Keras' "
      "regularizers.L2(w) is l2 = 2 w. The reported loss has the penalty. Sampled gradients and Kronecker factors, "
      "which estimate the Fisher matrix, are those without it.";
  kind.around_curvature = true;
  return kind;
}
WrapperKind l1_penalty_wrapper() {
  WrapperKind kind = penalty_wrapper<L1>("l1_penalty", "l1", 1e-5);
  kind.source = "Tibshirani (1996)";
  kind.formula = "f <- f + l1 |theta|_1;  g <- g + l1 sign(theta), sign(0) = 0";
  kind.differences = "A subgradient leaves no exact zeros; proximal_l1 does. The reported loss has the penalty.";
  return kind;
}

}  // namespace gradus::optim
