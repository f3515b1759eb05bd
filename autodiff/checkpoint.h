// Gradient checkpointing: less memory for more arithmetic.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "autodiff/operation.h"

namespace gradus {

// A stretch of a computation as a function of tensors on whatever tape it is given. It may be called several times and
// must record the same each time: what is random takes its key from outside.
using Segment = std::function<Var(Tape&, std::span<const Var> inputs)>;

// The segment's result, of which the tape keeps nothing but the value: each derivative runs the segment again (Griewank
// 1992; Chen et al. 2016). So a chain of n layers in segments of sqrt(n) needs memory for about 2 sqrt(n) of them, at
// the price of one more forward pass. A recorded derivative (for second order) keeps what it records. Inputs are of the
// tape's type; whatever else the segment uses gets no derivative. At most 64 inputs.
Var checkpoint(Segment segment, std::span<const Var> inputs);

// The operation behind it: the result of a segment that an inner tape recomputes. (Use checkpoint().)
struct Checkpoint : Operation<Checkpoint> {
  static constexpr const char* title = "checkpoint";
  const Segment* segment;  // kept by the tape, as is the inner tape
  Tape* inner;
  const Tensor* first_value;  // of the first run; meaningful while the node is recorded
  Shape result;

  Checkpoint(const Segment* s, Tape* t, const Tensor* value)
      : segment(s), inner(t), first_value(value), result(value->shape()) {}
  Shape shape(Inputs) const { return result; }
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const { rerun(s); }

 private:
  void rerun(EagerSweep& sweep) const;
  void rerun(RecordingSweep& sweep) const;
};

}  // namespace gradus
