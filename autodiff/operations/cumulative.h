// Running sums.
#pragma once

#include "autodiff/operation.h"

namespace gradus {

namespace ops {
struct CumulativeSum;
}  // namespace ops

// y[k] = x[0] + ... + x[k] along an axis; reverse: x[k] + ... + x[n - 1]; exclusive: without x[k] itself.
struct ops::CumulativeSum : Operation<ops::CumulativeSum> {
  static constexpr const char* title = "cumulative_sum";
  int axis;
  bool reverse, exclusive;
  CumulativeSum(int along, bool from_end, bool without_self)
      : axis(along), reverse(from_end), exclusive(without_self) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(CumulativeSum{axis, !reverse, exclusive}, s.dy()); });
  }
};
// Negative axes count from the end.
auto cumulative_sum(const Term auto& x, int axis, bool reverse = false, bool exclusive = false) {
  return apply(ops::CumulativeSum{axis, reverse, exclusive}, x);
}

extern template class Operation<ops::CumulativeSum>;

}  // namespace gradus
