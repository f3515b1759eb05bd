// How far to go along a descent: proposes sizes to it and accepts one. Numbers of the method, which a schedule may
// change, are pointed to.
#pragma once

#include "optim/descent.h"
#include "optim/solvers/line_search.h"

namespace gradus::optim {

class Search {
 public:
  virtual ~Search() = default;
  virtual std::string name() const = 0;
  virtual Descent::Size size() const = 0;  // what it proposes
  // Returns whether there is a step to take: then p is the step, or the direction of which report.step_length was
  // accepted, and trial the point where the objective is. Reports why not, otherwise.
  virtual bool find(Descent& descent, const Start& start, const Tensor& p, const Tensor& trial, StepReport& report) = 0;
  virtual void visit(StateVisitor& /*visitor*/) {}
};

// Proposes lengths.
class LengthSearch : public Search {
 public:
  Descent::Size size() const final { return Descent::Size::length; }
  bool find(Descent& descent, const Start& start, const Tensor& p, const Tensor& trial, StepReport& report) final;

 protected:
  // `negative`: along negative curvature, where the slope says little about how far to go.
  virtual LineSearchResult along(Objective& objective, const Ray& ray, double first, bool negative) const = 0;
};

// armijo_search; along negative curvature with doubling.
class Armijo final : public LengthSearch {
 public:
  std::string name() const override { return "armijo"; }

 protected:
  LineSearchResult along(Objective& objective, const Ray& ray, double first, bool negative) const override {
    return armijo_search(objective, ray, first, {}, negative);
  }
};

// strong_wolfe_search, with the share of the slope that it leaves at most.
class StrongWolfe final : public LengthSearch {
 public:
  // Loose, as Nocedal & Wright for methods whose first step is nearly always the right one.
  static constexpr double loose = 0.9;
  explicit StrongWolfe(const double* curvature = &loose) : curvature_(curvature) {}
  std::string name() const override { return "strong_wolfe"; }

 protected:
  LineSearchResult along(Objective& objective, const Ray& ray, double first, bool) const override {
    LineSearchOptions options;
    options.curvature = *curvature_;
    return strong_wolfe_search(objective, ray, first, options);
  }

 private:
  const double* curvature_;
};

// The first size as it is, or a tenth of it as long as there is no finite gradient; a step may rise. For batches.
class Fixed final : public LengthSearch {
 public:
  std::string name() const override { return "fixed"; }

 protected:
  LineSearchResult along(Objective& objective, const Ray& ray, double first, bool) const override;
};

// Proposes a size and accepts it if the value falls as the model says, up to the value's rounding; the size changes
// with the ratio of the two, and goes on to the next step. Where it is refused too often the step ends as `refused`.
class RatioSearch : public Search {
 public:
  bool find(Descent& descent, const Start& start, const Tensor& p, const Tensor& trial, StepReport& report) final;

 protected:
  // Ratios above this are accepted.
  static constexpr double acceptance = 1e-4;
  // What one trial has shown.
  struct Trial {
    double ratio = 0;         // actual reduction over the model's; -infinity where a number is not finite
    double value_change = 0;  // actual
    Promise promise;
    bool is_accepted() const { return ratio > acceptance; }
  };
  double size_ = 0;  // 0: there has been no step yet

 private:
  virtual double first(Descent& descent) const = 0;
  virtual void update(const Trial& trial) = 0;
  // The size starts anew after a step that was lost in theta.
  virtual bool forgets() const { return false; }
};

// Conn, Gould & Toint (2000), Algorithm 6.1.1 with the factors of section 17.1: below a ratio of 1/4 the radius becomes
// the minimiser of the parabola through value, slope and trial value, between 1/10 and 1/2 of the step; above 3/4,
// twice the step, if that is more.
class TrustRegion final : public RatioSearch {
 public:
  explicit TrustRegion(const double* initial) : initial_(initial) {}
  std::string name() const override { return "trust_region"; }
  Descent::Size size() const override { return Descent::Size::radius; }
  void visit(StateVisitor& visitor) override { visitor.number("trust_radius", size_); }

 private:
  double first(Descent&) const override;
  void update(const Trial& trial) override;
  // A radius of nothing would find nothing on other data either.
  bool forgets() const override { return true; }
  const double* initial_;
};

// The damping of Levenberg and Marquardt, from a multiple of the curvature along the gradient on. Nielsen (1999),
// eq. 2.4: times max(1/3, 1 - (2 ratio - 1)^3) if the step is taken, times 2, 4, 8, ... else. Marquardt (1963): times
// 1/10 or 10.
class Damping final : public RatioSearch {
 public:
  enum class Rule { nielsen, marquardt };
  Damping(const double* initial, Rule rule) : initial_(initial), rule_(rule) {}
  std::string name() const override { return "damping"; }
  Descent::Size size() const override { return Descent::Size::damping; }
  void visit(StateVisitor& visitor) override {
    visitor.number("damping", size_);
    visitor.number("growth", growth_);
  }

 private:
  double first(Descent& descent) const override { return *initial_ * descent.first_size(); }
  void update(const Trial& trial) override;
  const double* initial_;
  Rule rule_;
  double growth_ = 2;
};

// The reduction over the model's, where both count the value's `rounding` more: near a minimum the actual one is
// nothing but rounding (Conn, Gould & Toint 2000, section 17.4.2). Not above 0 where the trial's value is above the
// ceiling, so that no step is taken there.
double reduction_ratio(double value, double trial_value, double ceiling, double model_change, double rounding);

}  // namespace gradus::optim
