// What a tape knows of an operation. Operations derive from Operation (autodiff/operation.h), not from this.
#pragma once

#include <cstdint>
#include <stdexcept>

#include "autodiff/tensor/tensor.h"

namespace gradus {

class EagerSweep;
class RecordingSweep;

// The tensors that an operation reads.
struct Inputs {
  const Tensor* const* tensors;
  int count;
  const Tensor& operator[](int i) const {
    if (i >= count) [[unlikely]]
      refuse_missing();
    return *tensors[i];
  }
  [[noreturn]] static void refuse_missing() { throw std::invalid_argument("an operation has too few operands"); }
};

// What an operation's derivative rule reads beside the result's cotangent. Asking the sweep for anything else throws.
enum class Reads : std::uint8_t { everything, operands, result, nothing };

class AnyOperation {
 public:
  virtual const char* name() const = 0;
  // Writes the result into `out`, or adds it onto `out`.
  virtual void evaluate(Inputs in, const Tensor& out, bool accumulate) const = 0;
  // The vector-Jacobian product at once, or as new nodes.
  virtual void propagate(EagerSweep& sweep) const = 0;
  virtual void propagate(RecordingSweep& sweep) const = 0;
  virtual Reads rule_reads_what() const = 0;
  virtual bool shares_memory() const = 0;  // the result is a view of operand 0

 protected:
  ~AnyOperation() = default;  // lives in the tape's arena, which destroys nothing
};

}  // namespace gradus
