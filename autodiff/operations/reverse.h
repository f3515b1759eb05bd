// The other way round.
#pragma once

#include "autodiff/operation.h"

namespace gradus {

namespace ops {
struct Reverse;
}  // namespace ops

// y[k] = x[n - 1 - k] along an axis, which may count from the end.
struct ops::Reverse : Operation<ops::Reverse> {
  static constexpr const char* title = "reverse";
  static constexpr Reads rule_reads = Reads::nothing;
  int axis;
  explicit Reverse(int along) : axis(along) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(Reverse{axis}, s.dy()); });
  }
};
auto reverse(const Term auto& x, int axis) { return apply(ops::Reverse{axis}, x); }

extern template class Operation<ops::Reverse>;

}  // namespace gradus
