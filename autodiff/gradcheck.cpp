#include "autodiff/gradcheck.h"

#include <fmt/format.h>

#include <cmath>

#include "autodiff/gradient.h"
#include "autodiff/operations/arithmetic.h"
#include "autodiff/operations/reductions.h"
#include "autodiff/tensor/random.h"

namespace gradus {
namespace {

using Tensors = std::vector<Tensor>;

Tensor random_like(const Tensor& model, RandomStream& random) {
  Tensor tensor = Tensor::uninitialized(model.shape(), DType::float64);
  for (double& x : tensor.elements<double>()) x = random.normal();
  return tensor;
}

double dot(const Tensors& a, const Tensors& b) {
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::int64_t k = 0; k < a[i].size(); ++k) total += a[i].at(k) * b[i].at(k);
  return total;
}

Tensors moved(const Tensors& x, const Tensors& direction, double distance) {
  Tensors result;
  for (std::size_t i = 0; i < x.size(); ++i) {
    result.push_back(x[i].clone());
    for (std::int64_t k = 0; k < x[i].size(); ++k) result[i].set(k, x[i].at(k) + distance * direction[i].at(k));
  }
  return result;
}

// phi(x) = <weights, function(x)>: a scalar that sees every element of the result.
class Functional {
 public:
  Functional(const FunctionOfLeaves& function, RandomStream random) : function_(function), random_(random) {}

  double value(const Tensors& x) { return start(x).item(); }
  Tensors eager_gradient(const Tensors& x) {
    const Var phi = start(x);
    Tensors out;
    for (const Tensor& leaf : x) out.push_back(Tensor::uninitialized(leaf.shape(), DType::float64));
    gradient(phi, leaves_, out);
    return out;
  }
  Tensors recorded_gradient(const Tensors& x) {
    const Var phi = start(x);
    return values(record_gradient(phi, leaves_));
  }
  // (second derivative of phi) times a direction, as the gradient of <gradient, direction>.
  Tensors hessian_times(const Tensors& x, const Tensors& direction) {
    const Var phi = start(x);
    const std::vector<Var> first = record_gradient(phi, leaves_);
    Var along = tape_.scalar(0);
    for (std::size_t i = 0; i < x.size(); ++i) along = along + sum(first[i] * tape_.leaf(direction[i]));
    Tensors out;
    for (const Tensor& leaf : x) out.push_back(Tensor::uninitialized(leaf.shape(), DType::float64));
    gradient(along, leaves_, out);
    return out;
  }
  Shape result_shape() const { return weights_.shape(); }

 private:
  Var start(const Tensors& x) {
    tape_.reset();
    leaves_.clear();
    for (const Tensor& leaf : x) leaves_.push_back(tape_.leaf(leaf));
    const Var result = function_(tape_, leaves_);
    if (!weights_.defined()) weights_ = random_like(result.value(), random_);
    return sum(result * tape_.leaf(weights_));
  }
  static Tensors values(const std::vector<Var>& vars) {
    Tensors out;
    for (const Var& var : vars) out.push_back(var.value().clone());
    return out;
  }

  FunctionOfLeaves function_;
  RandomStream random_;
  Tape tape_{DType::float64};
  std::vector<Var> leaves_;
  Tensor weights_;
};

std::string complaint(const std::string& operation, const Tensors& inputs, const Shape& result, const char* what,
                      int direction, double analytic, double numeric) {
  std::string shapes;
  for (const Tensor& input : inputs)
    shapes += fmt::format("{}{}", shapes.empty() ? "" : " ", input.shape().to_string());
  return fmt::format("{}: {} -> {}: {}, direction {}: analytic {:.12g}, numeric {:.12g}", operation, shapes,
                     result.to_string(), what, direction, analytic, numeric);
}

}  // namespace

std::string gradcheck(const std::string& operation, const FunctionOfLeaves& function, const Tensors& inputs,
                      const GradcheckOptions& options) {
  RandomStream random(options.seed, operation);
  Functional phi(function, random.child("weights"));
  const double h = options.step;
  const auto differ = [&](double a, double b) { return !(std::abs(a - b) <= options.tolerance * (1 + std::abs(b))); };
  for (int d = 0; d < options.directions; ++d) {
    Tensors u, v;
    for (const Tensor& input : inputs) u.push_back(random_like(input, random)), v.push_back(random_like(input, random));
    const Tensors ahead = moved(inputs, u, h), behind = moved(inputs, u, -h);
    const auto fail = [&](const char* what, double analytic, double numeric) {
      return complaint(operation, inputs, phi.result_shape(), what, d, analytic, numeric);
    };

    const double numeric = (phi.value(ahead) - phi.value(behind)) / (2 * h);
    const double eager = dot(phi.eager_gradient(inputs), u);
    if (differ(eager, numeric)) return fail("first derivative", eager, numeric);
    const double recorded = dot(phi.recorded_gradient(inputs), u);
    if (std::abs(eager - recorded) > 1e-12 * (1 + std::abs(eager))) return fail("recording sweep", recorded, eager);

    const double second_numeric = (dot(phi.eager_gradient(ahead), v) - dot(phi.eager_gradient(behind), v)) / (2 * h);
    const double second = dot(phi.hessian_times(inputs, v), u);
    if (differ(second, second_numeric)) return fail("second derivative", second, second_numeric);
  }
  return {};
}

}  // namespace gradus
