// What an optimizer asks, with every answer counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "autodiff/tensor/parameter_slice.h"
#include "autodiff/tensor/tensor.h"
#include "optim/curvature.h"
#include "optim/state_visitor.h"

namespace gradus::optim {

// What has been computed so far. Comparisons between methods are made at equal cost, not at equal step counts.
struct Costs {
  std::int64_t values = 0;     // evaluations of the value alone
  std::int64_t gradients = 0;  // evaluations of value and gradient, and records of them for products
  std::int64_t products = 0;   // Hessian, Gauss-Newton and other curvature products with one vector
  std::int64_t examples = 0;   // training examples seen by any of them
  // Examples weighted by the price of what was computed of each, in gradients of one example. A dense layer's gradient
  // is three matrix products, its value one, a Hessian product six, a Gauss-Newton product four: 1, 1/3, 2 and 4/3.
  double gradient_equivalents = 0;
  double seconds = 0;  // spent in them
};
Costs operator-(const Costs& after, const Costs& before);

// What the kinds of answers cost, in gradients.
namespace price {
inline constexpr double value = 1.0 / 3, gradient = 1, hessian = 2, gauss_newton = 4.0 / 3;
}

// A function of the parameter vector. Answers are computed on the first request and kept until the point or the data
// change.
class Objective {
 public:
  virtual ~Objective() = default;
  Objective() = default;
  Objective(const Objective&) = delete;
  Objective& operator=(const Objective&) = delete;

  // Who this is, for those who remember something of the objective they saw last: no other one has the same, as it may
  // have the same address once this one is gone.
  virtual const std::shared_ptr<const void>& identity() const { return identity_; }

  // Goes to another point (a vector of size()); what was known is forgotten. The vector is referred to, not copied.
  void move_to(const Tensor& theta);
  // For methods that end a step at a point already evaluated: adopt(theta) says that theta now has the numbers of the
  // current point; return_to(theta) is move_to(theta), unless theta still has them and the data are the same: then
  // nothing is forgotten.
  void adopt(const Tensor& theta);
  void return_to(const Tensor& theta);
  // Whether the data are those of which something is known.
  bool is_current() const { return known_version_ == version(); }
  // Forgets what is known, because theta or the data changed in place.
  void invalidate() { ++version_; }

  // At the current point; throws std::logic_error before the first move_to.
  double value();
  const Tensor& gradient();
  // What it knows of its curvature; null where it knows nothing.
  virtual const Curvature* curvature() const { return nullptr; }

  // Shows what it remembers, as an optimizer shows its state: the costs, and the adopted point with what is known
  // there. An objective of the same kind and data that is restored from it goes on with the same bits and the same
  // costs.
  virtual void visit_memory(StateVisitor& visitor);

  virtual const Costs& costs() const { return costs_; }
  virtual std::int64_t size() const = 0;
  virtual DType dtype() const = 0;
  // The parts of theta, in order and without gaps; one part "theta" unless there is something better to say.
  virtual std::span<const ParameterSlice> slices() const;
  // Changes whenever the data do.
  virtual std::uint64_t version() const { return version_; }

 protected:
  virtual double compute_value(const Tensor& theta) = 0;
  // Writes the gradient and returns the value.
  virtual double compute_gradient(const Tensor& theta, const Tensor& gradient) = 0;
  // Called by every move_to, after the point is taken.
  virtual void moved() {}
  // Examples that one evaluation looks at, and one product.
  virtual std::int64_t examples() const { return 1; }
  virtual std::int64_t product_examples() const { return examples(); }

  // Of what it remembers, what is known at the adopted point; and whether the data are current.
  void visit_known(StateVisitor& visitor, bool& is_current);
  void set_current(bool is_current) { known_version_ = is_current ? version() : version() - 1; }

  // For those that know something of their curvature.

  // Where it is, having forgotten what the data's change made wrong. Throws std::logic_error before the first move_to.
  const Tensor& point();
  // Another number wherever what was computed before is no longer so; never 0.
  std::uint64_t point_number() const { return point_number_; }
  // Makes a part of a Curvature of a computation at theta, compute(theta, v, out) or compute(theta, asked...): it is
  // timed, and charged as a product of that price, or as a gradient.
  template <class Compute>
  void offer(LinearOperator& matrix, double price, Compute compute);
  template <class... Asked, class Compute>
  void offer(std::function<void(Asked...)>& quantity, Compute compute);
  // Work as dear as a gradient: timed, and charged as one.
  template <class Work>
  void as_gradient(const Work& work) {
    timed(work);
    charge(&Costs::gradients, 1, examples(), price::gradient);
  }
  // For a record that products need: a gradient's work.
  void charge_record() { charge(&Costs::gradients, 1, product_examples(), price::gradient); }

 private:
  void forget();
  template <class Work>
  void timed(const Work& work);
  void charge(std::int64_t Costs::*count, std::int64_t times, std::int64_t examples, double price);
  // Of a vector that is asked for, or of anything else that is asked with.
  void check_size(const Tensor& vector) const;
  template <class Other>
  void check_size(const Other&) const {}

  std::shared_ptr<const void> identity_ = std::make_shared<const char>();
  Tensor theta_, gradient_, adopted_;
  double value_ = 0;
  bool value_known_ = false, gradient_known_ = false, has_adopted_ = false;
  std::uint64_t point_number_ = 1, version_ = 0, known_version_ = 0;
  Costs costs_;
  mutable std::vector<ParameterSlice> whole_;
};

template <class Work>
void Objective::timed(const Work& work) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  work();
  costs_.seconds += std::chrono::duration<double>(Clock::now() - start).count();
}

template <class Compute>
void Objective::offer(LinearOperator& matrix, double price, Compute compute) {
  matrix.size = size();
  matrix.type = dtype();
  matrix.times = [this, price, compute = std::move(compute)](const Tensor& v, const Tensor& out) {
    const Tensor& theta = point();
    timed([&] { compute(theta, v, out); });
    charge(&Costs::products, v.shape().rank() == 2 ? v.shape()[0] : 1, product_examples(), price);
  };
}

template <class... Asked, class Compute>
void Objective::offer(std::function<void(Asked...)>& quantity, Compute compute) {
  quantity = [this, compute = std::move(compute)](Asked... asked) {
    (check_size(asked), ...);
    const Tensor& theta = point();
    timed([&] { compute(theta, asked...); });
    charge_record();
  };
}

template <class Quantity>
const Quantity& require(const Objective& objective, Quantity Curvature::*which, const std::string& method) {
  const Curvature* curvature = objective.curvature();
  if (curvature && curvature->*which) return curvature->*which;
  std::string needed;
  Curvature::each([&](const char* words, auto member) {
    if constexpr (std::is_same_v<decltype(member), Quantity Curvature::*>)
      if (member == which) needed = words;
  });
  throw std::invalid_argument(method + ": needs " + needed + ": this objective does not offer them");
}

}  // namespace gradus::optim
