// What some operations can say about an operand that all examples of a batch share, such as a weight: for gradients of
// single examples (autodiff/per_example.h) and for Kronecker factors (autodiff/kronecker.h).
#pragma once

#include "autodiff/any_operation.h"

namespace gradus {

// With dy[n, ...] the result's cotangent, g_i is the part of the operand's derivative that comes from example i.
enum class PerExample {
  gradients,       // out[n, elements of the operand]: g_i
  squared_norms,   // out[n]: |g_i|^2
  sum_of_squares,  // out[elements of the operand]: the sum over i of g_i^2, element by element
};

// An operation as a layer: y[rows, m] = a[rows, width] w[width, m], plus b if there is one, the result, the weight and
// what the weight meets seen as matrices. A convolution has a row for each place of the kernel.
struct LayerUse {
  int weight = -1, bias = -1;  // operands; -1: not a layer, or no bias
  std::int64_t rows = 0, width = 0;
};

// An operation derives from this beside Operation.
class SharedOperands {
 public:
  // Adds the quantity onto `out`, and returns true; returns false if the operation does not know how.
  virtual bool per_example(PerExample what, int operand, Inputs in, const Tensor& dy, const Tensor& out) const = 0;
  // The operation as a layer, and for one that is, rows [first, first + count) of a, written to out[count, width].
  virtual LayerUse as_layer(Inputs) const { return {}; }
  virtual void layer_inputs(Inputs, std::int64_t /*first*/, const Tensor& /*out*/) const {}

  // Null for an operation that says nothing of the kind.
  static const SharedOperands* of(const AnyOperation& operation) {
    return dynamic_cast<const SharedOperands*>(&operation);
  }

 protected:
  ~SharedOperands() = default;
};

}  // namespace gradus
