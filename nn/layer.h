// What a layer is: a small value that knows names and shapes, not memory.
//
//   class Gain {                                     // x[batch, n] -> y[batch, n] = x gain
//    public:
//     explicit Gain(std::int64_t n) : n_(n) {}
//     void declare(ParameterScope& scope) { scope.declare(gain_, "gain", {n_}, constant(1)); }
//     Var forward(Forward& f, const Var& x) const { return mul(x, f[gain_]); }
//
//    private:
//     std::int64_t n_;
//     ParameterId gain_{"Gain"};
//   };
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "nn/parameters.h"

namespace gradus::nn {

// Any type with declare(ParameterScope&) and forward(Forward&, const Var&) is a layer. A second forward(Forward&,
// Var&&) is called where nobody else needs x, and may give its memory away (last_use in autodiff/tape.h).
template <class L>
concept IsLayer = std::copy_constructible<L> &&
    requires(L& layer, const L& same, ParameterScope& scope, Forward& f, const Var& x) {
  layer.declare(scope);
  { same.forward(f, x) } -> std::same_as<Var>;
};

// A layer of whatever type. A value: a copy is another layer, which a declaration of the first one does not touch.
class Layer {
 public:
  template <class L>
  requires(!std::same_as<std::decay_t<L>, Layer>) Layer(L&& layer)
      : self_(std::make_shared<Holder<std::decay_t<L>>>(std::forward<L>(layer))) {}
  Layer(const Layer&) = default;  // and no moves, which would leave a layer without anything inside
  Layer& operator=(const Layer&) = default;
  void declare(ParameterScope& scope) {
    if (self_.use_count() > 1) self_ = self_->copy();  // until then copies share what none of them changes
    self_->declare(scope);
  }
  Var forward(Forward& f, const Var& x) const { return self_->forward(f, x); }
  Var forward(Forward& f, Var&& x) const { return self_->forward(f, std::move(x)); }
  const std::type_info& type() const { return self_->type(); }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual std::shared_ptr<Interface> copy() const = 0;
    virtual void declare(ParameterScope& scope) = 0;
    virtual Var forward(Forward& f, const Var& x) const = 0;
    virtual Var forward(Forward& f, Var&& x) const = 0;
    virtual const std::type_info& type() const = 0;
  };
  template <class L>
  struct Holder final : Interface {
    static_assert(IsLayer<L>, "a layer has declare(ParameterScope&) and Var forward(Forward&, const Var&) const");
    explicit Holder(L value) : layer(std::move(value)) {}
    std::shared_ptr<Interface> copy() const override { return std::make_shared<Holder>(layer); }
    void declare(ParameterScope& scope) override { layer.declare(scope); }
    Var forward(Forward& f, const Var& x) const override { return layer.forward(f, x); }
    Var forward(Forward& f, Var&& x) const override { return layer.forward(f, std::move(x)); }
    const std::type_info& type() const override { return typeid(L); }
    L layer;
  };
  std::shared_ptr<Interface> self_;
};

}  // namespace gradus::nn
