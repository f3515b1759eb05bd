// What composes with any optimizer: an optimizer around another one, and the list of those that can be asked for by
// name.
//
// A wrapper acts in one of two ways. It changes the objective's answers before the inner optimizer sees them (an
// ObjectiveDecorator: clipping, noise, penalties, SAM), or it acts around the inner step (decay, proximal step,
// averages, accumulation). Where several are combined the order matters: the outermost sees the objective first and
// theta last.
#pragma once

#include <functional>
#include <memory>
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
  void check(const Objective& objective) override { inner_->check(objective); }
  Tensor evaluation_point(const Tensor& theta) override { return inner_->evaluation_point(theta); }
  void observe(double held_out_loss) override { inner_->observe(held_out_loss); }

 protected:
  virtual void visit_own(StateVisitor&) {}
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

 protected:
  void visit_own(StateVisitor& visitor) override { decorator_->visit(visitor); }

 private:
  std::unique_ptr<StepDecorator> decorator_;
};

// What a wrapper is made around.
struct Inner {
  std::unique_ptr<Optimizer> optimizer;
  Settings method;  // of the method at the core: what it calls learning_rate is the rate
  std::uint64_t seed = 0;
};

// What a wrapper does, which decides on its place beside gradient_accumulation.
enum class Effect {
  gradient,  // changes the answers at the point where the inner optimizer asks
  points,    // asks the objective at other points too: outside of gradient_accumulation, whose mean is of one point
  step,      // acts at each step of the inner optimizer: inside of gradient_accumulation, which steps each k-th time
  accumulation
};

struct WrapperKind {
  std::string name;
  std::string source;                           // author (year), equation or algorithm
  std::vector<Hyperparameter> hyperparameters;  // names that no method and no other wrapper has
  std::function<std::unique_ptr<Optimizer>(Inner inner, const Settings& settings)> make;
  Effect effect = Effect::gradient;
  std::string formula = {};         // in plain text, one line an assignment; "step" is the inner optimizer's
  std::string differences = {};     // where other libraries differ, and limits; whole sentences
  bool around_curvature = false;    // exact around methods that ask for products or search along a line
  bool uses_learning_rate = false;  // of the method
};

// All wrappers, in a fixed order (optim/wrappers.cpp).
const std::vector<WrapperKind>& wrappers();
// Throws std::invalid_argument with the list of wrappers (and the nearest name).
const WrapperKind& wrapper(const std::string& name);

}  // namespace gradus::optim
