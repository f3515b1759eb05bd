// A way down: what a method computes at a point before it is known how far to go. How far, a Search finds out
// (optim/search.h); the two together are a method (optim/descent_method.h).
#pragma once

#include "optim/optimizer.h"

namespace gradus::optim {

// Where a step starts.
struct Start {
  Objective& objective;  // at theta, unless a trial has moved it
  const Tensor& theta;
  const Tensor& gradient;
  double value = 0, gradient_norm = 0;
  double ceiling = 0;  // the value above which no step ends
};

// What a step p of some size promises.
struct Promise {
  double change = 0;           // of the value, as the model predicts it; a step that promises no decrease is not taken
  double slope = 0;            // of the value along the step, g.p
  double norm = 0;             // |p| as a radius measures it
  std::int64_t products = -1;  // that were spent on it; -1: this method has none
  Reason reason = Reason::stepped;  // of the solver inside
};

class Descent {
 public:
  // What the size of a step means: a factor of the direction found; the norm within which the step is the best one; or
  // the weight of the identity that is added to the curvature.
  enum class Size { length, radius, damping };
  static const char* name_of(Size size);

  virtual ~Descent() = default;
  virtual std::string name() const = 0;
  virtual Size size() const = 0;
  // Throws std::invalid_argument unless the objective offers what the steps will ask it for.
  virtual void check(const Objective& /*objective*/) const {}
  // Looks at a point; it stays as it is until the next call.
  virtual void begin(const Start& start) = 0;
  // Writes the step of that size. May be asked again, with other sizes.
  virtual Promise step(double size, const Tensor& p) = 0;
  // The first size to try: a length; for a damping, the size that is on a level with the curvature along the gradient.
  virtual double first_size() { return 1; }
  // Forgets what it has learned, where no step was found. Returns whether that is worth another search.
  virtual bool restart() { return false; }
  // Learns from the step that was taken, of `length` times the direction; the objective is at the trial point.
  virtual void learn(const Start& /*start*/, const Tensor& /*trial*/, double /*length*/) {}
  // Of the model, where it has one of its own: reported.
  virtual double damping() const { return StepReport::none; }
  virtual void visit(StateVisitor& /*visitor*/) {}
};

}  // namespace gradus::optim
