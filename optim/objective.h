// What an optimizer asks, with every answer counted.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "autodiff/tensor.h"
#include "optim/slice.h"

namespace gradus::optim {

// What has been computed so far. Comparisons between methods are made at equal cost, not at equal step counts.
struct Costs {
  std::int64_t values = 0;     // evaluations of the value alone
  std::int64_t gradients = 0;  // evaluations of value and gradient, and records of them for products
  std::int64_t products = 0;   // Hessian, Gauss-Newton and other curvature products with one vector
  std::int64_t examples = 0;   // training examples seen by any of them
  // Examples weighted by the price of what was computed of each, in gradients of one example. A dense layer's gradient is three
  // matrix products, its value one, a Hessian product six, a Gauss-Newton product four: 1, 1/3, 2 and 4/3.
  double gradient_equivalents = 0;
  double seconds = 0;  // spent in them
};
Costs operator-(const Costs& after, const Costs& before);

// What an objective may offer beside value and gradient.
enum class Quantity {
  hessian_times,
  gauss_newton_times,
  structural_times,
  sampled_gradient,
  gradient_squares,
  kronecker_factors
};
const char* name_of(Quantity quantity);

// The block of a layer's weight (and bias) in a Kronecker-factored Fisher matrix (Martens & Grosse 2015): inputs [n, n] is the
// mean over examples and places of a a^T, with a the layer's input and, if it has a bias, a 1 as the last element; outputs
// [m, m] is the mean over examples of the sum over places of g g^T, g being the derivative of an example's loss by the layer's
// output. The block is about inputs (x) outputs.
struct KroneckerBlock {
  std::size_t weight = 0;    // position in slices(); its shape is [..., m], all axes but the last making up the inputs
  std::ptrdiff_t bias = -1;  // position in slices(), or -1
  Tensor inputs, outputs;
};

// A function of the parameter vector. Answers are computed on the first request and kept until the point or the data change.
// Optional quantities throw std::invalid_argument where the objective does not offer them.
class Objective {
 public:
  virtual ~Objective() = default;
  Objective() = default;
  Objective(const Objective&) = delete;
  Objective& operator=(const Objective&) = delete;

  // Who this is, for those who remember something of the objective they saw last: no other one has the same, as it may have
  // the same address once this one is gone.
  virtual const std::shared_ptr<const void>& identity() const { return identity_; }

  // Goes to another point (a vector of size()); what was known is forgotten. The vector is referred to, not copied.
  void move_to(const Tensor& theta);
  // For methods that end a step at a point already evaluated: adopt(theta) says that theta now has the numbers of the current
  // point; return_to(theta) is move_to(theta), unless theta still has them and the data are the same: then nothing is forgotten.
  void adopt(const Tensor& theta);
  void return_to(const Tensor& theta);
  // Forgets what is known, because theta or the data changed in place.
  void invalidate() { ++version_; }

  // At the current point; throws std::logic_error before the first move_to.
  double value();
  const Tensor& gradient();
  // H v, and J^T H_L J v (Schraudolph 2002); v and out are vectors of size(), or several of them, [k, size].
  void hessian_times(const Tensor& v, const Tensor& out);
  void gauss_newton_times(const Tensor& v, const Tensor& out);
  // J^T J v / n with J the Jacobian of a recurrent network's hidden states for n examples (structural damping: Martens & Sutskever 2011).
  void structural_times(const Tensor& v, const Tensor& out);
  // The gradient for labels that the model draws, not the given ones; `key` chooses the draw.
  void sampled_gradient(std::uint64_t key, const Tensor& out);
  // The mean over examples of their gradients' squares, element by element: the diagonal of the empirical Fisher matrix.
  void gradient_squares(const Tensor& out);
  // One block for each dense layer and convolution, for labels that the model draws. Blocks given are used again.
  void kronecker_factors(std::uint64_t key, std::vector<KroneckerBlock>& blocks);

  virtual bool offers(Quantity) const { return false; }
  // Throws std::invalid_argument, which names the method, unless the quantity is offered.
  void require(Quantity quantity, const std::string& method) const;

  virtual const Costs& costs() const { return costs_; }
  virtual std::int64_t size() const = 0;
  virtual DType dtype() const = 0;
  // The parts of theta, in order and without gaps; one part "theta" unless there is something better to say.
  virtual std::span<const Slice> slices() const;
  // Changes whenever the data do.
  virtual std::uint64_t version() const { return version_; }

 protected:
  virtual double compute_value(const Tensor& theta) = 0;
  // Writes the gradient and returns the value.
  virtual double compute_gradient(const Tensor& theta, const Tensor& gradient) = 0;
  // Called by every move_to, after the point is taken.
  virtual void moved() {}
  // Called before the first product at a point. Returns whether it did a gradient's work.
  virtual bool prepare_products(const Tensor& /*theta*/) { return false; }
  virtual void compute_hessian_times(const Tensor& theta, const Tensor& v, const Tensor& out);
  virtual void compute_gauss_newton_times(const Tensor& theta, const Tensor& v, const Tensor& out);
  virtual void compute_structural_times(const Tensor& theta, const Tensor& v, const Tensor& out);
  virtual void compute_sampled_gradient(const Tensor& theta, std::uint64_t key, const Tensor& out);
  virtual void compute_gradient_squares(const Tensor& theta, const Tensor& out);
  virtual void compute_kronecker_factors(const Tensor& theta, std::uint64_t key, std::vector<KroneckerBlock>& blocks);
  // Examples that one evaluation looks at, and one product.
  virtual std::int64_t examples() const { return 1; }
  virtual std::int64_t product_examples() const { return examples(); }

 private:
  const Tensor& point();  // where it is, having forgotten what the data's change made wrong
  void forget() { value_known_ = gradient_known_ = prepared_ = false; }
  template <class F>
  void timed(const F& work);
  void charge(std::int64_t Costs::* count, std::int64_t times, std::int64_t examples, double price);
  template <class F>
  void product(Quantity quantity, const Tensor& v, const Tensor& out, double price, const F& compute);
  void check_vector(Quantity quantity, const Tensor& vector) const;

  std::shared_ptr<const void> identity_ = std::make_shared<const char>();
  Tensor theta_, gradient_, adopted_;
  double value_ = 0;
  bool value_known_ = false, gradient_known_ = false, prepared_ = false, has_adopted_ = false;
  std::uint64_t version_ = 0, known_version_ = 0;
  Costs costs_;
  mutable std::vector<Slice> whole_;
};

}  // namespace gradus::optim
