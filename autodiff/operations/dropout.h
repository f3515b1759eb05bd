// Dropout.
#pragma once

#include "autodiff/operation.h"

namespace gradus {

namespace ops {
struct Dropout;
}  // namespace ops

// Each element becomes 0 with the probability given and is otherwise divided by 1 - probability (Srivastava et al.
// 2014, in the inverted form). The mask is a function of (key, position), so it is not stored, and the derivative draws
// it again.
struct ops::Dropout : Operation<ops::Dropout> {
  static constexpr const char* title = "dropout";
  static constexpr bool may_overwrite = true;
  static constexpr Reads rule_reads = Reads::nothing;
  double probability;
  std::uint64_t key;
  Dropout(double p, std::uint64_t mask_key) : probability(p), key(mask_key) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return apply(Dropout{probability, key}, s.dy()); });
  }
};
// probability in [0, 1); equal keys give equal masks.
auto dropout(const Term auto& x, double probability, std::uint64_t key) {
  return apply(ops::Dropout{probability, key}, x);
}

extern template class Operation<ops::Dropout>;

}  // namespace gradus
