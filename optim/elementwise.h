// First-order methods that are a formula for one element of theta: a plain aggregate M of hyperparameters with
//   static constexpr Description describe();          // the text about it, one field a member, its states by name
//   template <class T> auto update() const;           // (T& x, T g, T& state...) -> void, for one element
// update may take std::int64_t t, the step 1, 2, ..., and then Memory& memory, where M::Memory has the numbers that are
// kept between steps. Where states exist only if a member is not 0, update is a template over a bool for each of them
// too, and must not touch what is not there. update is called once a step.
//
// An M may have
//   void check() const;                               // throws std::invalid_argument where members contradict
//   void before(Memory&, const Tensor& theta, const Tensor& gradient, std::span<const Tensor> states) const;
//   void after(Memory&, std::span<const Tensor> states) const;
// for sums over all of theta, and
//   Stability stability(std::int64_t t, std::span<const Tensor> states) const;      // after step t; may take
//                                                                                   // const Memory& memory too
#pragma once

#include <array>
#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "autodiff/tensor/random.h"
#include "optim/description.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
// 1 - beta^t: what a moment that started at 0 is divided by.
inline double correction(double beta, std::int64_t t) { return 1 - std::pow(beta, static_cast<double>(t)); }

namespace detail {

struct NoMemory {};
template <class M>
struct MemoryOf {
  using type = NoMemory;
};
template <class M>
requires requires { typename M::Memory; }
struct MemoryOf<M> {
  using type = typename M::Memory;
};

template <class M>
consteval std::size_t optional_states() {
  std::size_t count = 0;
  for (const State& s : M::describe().states)
    if (s.is_optional) ++count;  // comparing the function with null is no constant under sanitizers
  return count;
}

}  // namespace detail

template <class M>
class ElementwiseMethod final : public FirstOrder {
 public:
  explicit ElementwiseMethod(const M& method) : method_(method) {
    settings::check_values(std::string(about<M>().name), method);
    if constexpr (requires { method.check(); }) method.check();
    for (std::size_t i = 0; i < state_count; ++i) {
      const State& s = about<M>().states[i];
      is_kept_[i] = !s.is_optional || s.is_kept(&method);
    }
  }

  void visit(StateVisitor& visitor) override {
    for (std::size_t i = 0; i < state_count; ++i)
      if (is_kept_[i]) visitor.tensor(about<M>().states[i].name, states_[i]);
    for (const KeptNumber& number : about<M>().numbers) visitor.number(number.name, *number.of(&memory_));
    if constexpr (counts_steps) visitor.counter("step", step_);
  }
  Tensor evaluation_point(const Tensor& theta) override {
    for (std::size_t i = 0; i < state_count; ++i)
      if (about<M>().states[i].name == about<M>().evaluated_at && states_[i].defined()) return states_[i];
    return theta;
  }
  double* number(std::string_view name) override { return settings::number_of(method_, name); }
  std::optional<Stability> stability() override {
    for (std::size_t i = 0; i < state_count; ++i)
      if (is_kept_[i] && !states_[i].defined()) return std::nullopt;
    if constexpr (requires { method_.stability(step_, states_); })
      return method_.stability(step_, states_);
    else if constexpr (requires { method_.stability(step_, states_, memory_); })
      return method_.stability(step_, states_, memory_);
    else
      return std::nullopt;
  }

 protected:
  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    for (std::size_t i = 0; i < state_count; ++i)
      if (is_kept_[i]) ensure(states_[i], about<M>().states[i], theta);
    ++step_;
    if constexpr (requires { method_.before(memory_, theta, gradient, states_); })
      method_.before(memory_, theta, gradient, states_);
    move<>(theta, gradient);
    if constexpr (requires { method_.after(memory_, states_); }) method_.after(memory_, states_);
  }

 private:
  using Memory = typename detail::MemoryOf<M>::type;
  static constexpr std::size_t state_count = M::describe().states.size();
  static constexpr std::size_t optional_count = detail::optional_states<M>();

  template <class T, bool... kept>
  static auto formula(const M& method, std::int64_t t, Memory& memory) {
    if constexpr (requires { method.template update<T, kept...>(t, memory); })
      return method.template update<T, kept...>(t, memory);
    else if constexpr (requires { method.template update<T, kept...>(memory); })
      return method.template update<T, kept...>(memory);
    else if constexpr (requires { method.template update<T, kept...>(t); })
      return method.template update<T, kept...>(t);
    else
      return method.template update<T, kept...>();
  }
  template <std::size_t... I>
  static consteval bool asks_for_step(std::index_sequence<I...>) {
    return requires(const M& m, Memory& memory) { m.template update<double, (I >= 0)...>(std::int64_t{}, memory); }
    || requires(const M& m) { m.template update<double, (I >= 0)...>(std::int64_t{}); };
  }
  static constexpr bool counts_steps = asks_for_step(std::make_index_sequence<optional_count>());

  void ensure(Tensor& kept, const State& s, const Tensor& theta) {
    if (s.starts_at_theta && !kept.defined()) kept = theta.clone();
    ensure_state(kept, theta, s.start ? s.start(&method_) : 0);
  }

  // Chooses the formula of the states that there are, then makes one pass over theta.
  template <bool... kept>
  void move(const Tensor& theta, const Tensor& gradient) {
    if constexpr (sizeof...(kept) < optional_count) {
      if (is_kept_optional(sizeof...(kept)))
        move<kept..., true>(theta, gradient);
      else
        move<kept..., false>(theta, gradient);
    } else {
      pass<kept...>(theta, gradient, std::make_index_sequence<state_count>());
    }
  }
  template <bool... kept, std::size_t... I>
  void pass(const Tensor& theta, const Tensor& gradient, std::index_sequence<I...>) {
    const auto make_update = [this]<class T>(T) { return formula<T, kept...>(method_, step_, memory_); };
    update_each(theta, gradient, make_update, (is_kept_[I] ? states_[I] : theta)...);
  }
  bool is_kept_optional(std::size_t position) const {
    for (std::size_t i = 0; i < state_count; ++i)
      if (about<M>().states[i].is_optional && position-- == 0) return is_kept_[i];
    return false;
  }

  M method_;
  std::array<Tensor, state_count> states_;
  std::array<bool, state_count> is_kept_{};
  Memory memory_;
  std::int64_t step_ = 0;
};

// The optimizer of a method: make(Adam{.beta1 = 0.5}). Throws std::invalid_argument for a member out of its range.
// Methods that are more than a formula have a function `make` of their own.
template <Described M>
std::unique_ptr<Optimizer> make(const M& method, const RandomStream& = RandomStream(0)) {
  return std::make_unique<ElementwiseMethod<M>>(method);
}

}  // namespace gradus::optim
