// What composes with any optimizer: an optimizer around another one, and the list of those that can be asked for by
// name. One is a plain aggregate W of hyperparameters with W::describe(), W::place, and a class W::Around or
// W::Decorator that does it (optim/wrappers/).
//
// A wrapper acts in one of two ways. It changes the objective's answers before the inner optimizer sees them (an
// ObjectiveDecorator: clipping, noise, penalties, SAM), or it acts around the inner step (decay, proximal step,
// averages, accumulation). Where several are combined the order matters: the outermost sees the objective first and
// theta last.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "optim/decorator.h"
#include "optim/optimizer.h"

namespace gradus::optim {

// Shows state to another visitor under names with a prefix.
class PrefixedVisitor final : public StateVisitor {
 public:
  PrefixedVisitor(StateVisitor& visitor, std::string prefix) : visitor_(visitor), prefix_(std::move(prefix)) {}
  void tensor(std::string_view name, Tensor& value) override { visitor_.tensor(prefixed(name), value); }
  void counter(std::string_view name, std::int64_t& value) override { visitor_.counter(prefixed(name), value); }
  void number(std::string_view name, double& value) override { visitor_.number(prefixed(name), value); }

 private:
  std::string prefixed(std::string_view name) const { return prefix_ + std::string(name); }
  StateVisitor& visitor_;
  std::string prefix_;
};

// An optimizer that owns another one. Its own state is named "<wrapper>.<piece>"; the inner one's names stay as they
// are.
class Wrapper : public Optimizer {
 public:
  Wrapper(std::string name, std::unique_ptr<Optimizer> inner) : name_(std::move(name)), inner_(std::move(inner)) {}
  void visit(StateVisitor& visitor) final {
    PrefixedVisitor own(visitor, name_ + ".");
    visit_own(own);
    inner_->visit(visitor);
  }
  void visit_memory(StateVisitor& visitor) final {
    PrefixedVisitor own(visitor, name_ + ".");
    visit_own_memory(own);
    inner_->visit_memory(visitor);
  }
  void check(const Objective& objective) override { inner_->check(objective); }
  Tensor evaluation_point(const Tensor& theta) override { return inner_->evaluation_point(theta); }
  void observe(double held_out_loss) override { inner_->observe(held_out_loss); }
  double* number(std::string_view name) override {
    double* own = own_number(name);
    return own ? own : inner_->number(name);
  }

 protected:
  virtual double* own_number(std::string_view) { return nullptr; }
  virtual void visit_own(StateVisitor&) {}
  virtual void visit_own_memory(StateVisitor&) {}
  Optimizer& inner() { return *inner_; }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  std::unique_ptr<Optimizer> inner_;
};

// Acts around each step of the inner optimizer. A step that met a number which is not finite changes nothing: neither
// does the wrapper then. A step after which the inner optimizer is at its end is not the last one if the wrapper has
// moved theta or the point to evaluate at.
class AroundStep : public Wrapper {
 public:
  using Wrapper::Wrapper;
  StepReport step(Objective& objective, const Tensor& theta) final;

 protected:
  virtual void before(const Objective& /*objective*/, const Tensor& /*theta*/) {}
  // What the inner optimizer sees of the objective.
  virtual Objective& shown(Objective& objective) { return objective; }
  virtual void after(const Tensor& theta) = 0;
};

// An objective whose answers may depend on the step, and which may keep state between steps.
class StepDecorator : public ObjectiveDecorator {
 public:
  virtual void check(const Objective& /*objective*/) {}
  // Before the inner step, the objective being known. What is kept of other steps must be invalidated here if the
  // answers change.
  virtual void begin_step() {}
  virtual void end_step() {}
  virtual void visit(StateVisitor&) {}
  virtual double* number(std::string_view) { return nullptr; }
  // The inner optimizer's threshold as one for the objective that is decorated; nothing where it is not known.
  virtual std::optional<Stability> stability(const Stability&) const { return std::nullopt; }
};

// The inner optimizer sees the objective through a decorator.
class DecoratingWrapper final : public Wrapper {
 public:
  DecoratingWrapper(std::string name, std::unique_ptr<Optimizer> inner, std::unique_ptr<StepDecorator> decorator)
      : Wrapper(std::move(name), std::move(inner)), decorator_(std::move(decorator)) {}
  void check(const Objective& objective) override {
    decorator_->check(objective);
    Wrapper::check(objective);
  }
  StepReport step(Objective& objective, const Tensor& theta) override {
    decorator_->wrap(objective);
    decorator_->begin_step();
    const StepReport report = inner().step(*decorator_, theta);
    decorator_->end_step();
    return report;
  }
  std::optional<Stability> stability() override {
    const auto of_inner = inner().stability();
    return of_inner ? decorator_->stability(*of_inner) : std::nullopt;
  }

 protected:
  void visit_own(StateVisitor& visitor) override { decorator_->visit(visitor); }
  void visit_own_memory(StateVisitor& visitor) override { decorator_->visit_memory(visitor); }
  double* own_number(std::string_view name) override { return decorator_->number(name); }

 private:
  std::unique_ptr<StepDecorator> decorator_;
};

// What a wrapper is made around.
struct Inner {
  std::unique_ptr<Optimizer> optimizer;
  const double* learning_rate = nullptr;  // of the method at the core, which a schedule may change
  RandomStream stream = RandomStream(0);  // of the optimizer
};

// What a wrapper does, which decides on its place beside gradient_accumulation.
enum class Effect {
  gradient,  // changes the answers at the point where the inner optimizer asks
  points,    // asks the objective at other points too: outside of gradient_accumulation, whose mean is of one point
  step,      // acts at each step of the inner optimizer: inside of gradient_accumulation, which steps each k-th time
  accumulation
};

// Where a wrapper may stand.
struct Place {
  Effect effect = Effect::gradient;
  bool around_curvature = false;    // exact around methods that ask for products or search along a line
  bool uses_learning_rate = false;  // of the method
};

// Its hyperparameters have names that no method and no other wrapper has; "step" in its formula is the inner
// optimizer's.
struct WrapperKind : Entry {
  Place place;
  std::function<std::unique_ptr<Optimizer>(const NamedValues&, Inner)> make = nullptr;
};

// An AroundStep with hyperparameters h, as they are now.
template <class W>
class AroundStepOf : public AroundStep {
 public:
  AroundStepOf(const W& wrapper, Inner inner)
      : AroundStep(std::string(about<W>().name), std::move(inner.optimizer)),
        h(wrapper),
        learning_rate(inner.learning_rate) {}

 protected:
  double* own_number(std::string_view name) override { return settings::number_of(h, name); }

  W h;
  const double* learning_rate;  // of the method
};

// A StepDecorator with hyperparameters h, as they are now.
template <class W>
class DecoratorOf : public StepDecorator {
 public:
  DecoratorOf(const W& wrapper, const RandomStream& its_stream) : h(wrapper), stream(its_stream) {}
  double* number(std::string_view name) override { return settings::number_of(h, name); }

 protected:
  W h;
  RandomStream stream;  // of this wrapper alone
};

// The wrapper around an optimizer: wrap(ClipByNorm{.clip_norm = 1}, {make(Adam{})}). Throws std::invalid_argument for a
// member out of its range.
template <class W>
std::unique_ptr<Optimizer> wrap(const W& wrapper, Inner inner) {
  const std::string name(about<W>().name);
  settings::check_values(name, wrapper);
  if constexpr (requires { typename W::Around; }) {
    return std::make_unique<typename W::Around>(wrapper, std::move(inner));
  } else {
    auto decorator = std::make_unique<typename W::Decorator>(wrapper, inner.stream.child(name));
    return std::make_unique<DecoratingWrapper>(name, std::move(inner.optimizer), std::move(decorator));
  }
}

// All wrappers, in a fixed order (optim/wrappers.cpp).
const settings::Catalogue<WrapperKind>& wrappers();
// Throws std::invalid_argument with the list of wrappers (and the nearest name).
inline const WrapperKind& wrapper(std::string_view name) { return wrappers().find(name); }

}  // namespace gradus::optim
