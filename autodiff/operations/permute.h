// The axes of a tensor in another order, as an explicit copy.
#pragma once

#include <array>

#include "autodiff/operation.h"

namespace gradus {

namespace ops {
struct Permute;
}  // namespace ops

// Axis k of y is axis order[k] of x.
struct ops::Permute : Operation<ops::Permute> {
  static constexpr const char* title = "permute";
  static constexpr Reads rule_reads = Reads::nothing;
  std::array<int, Shape::max_rank> order{};
  int rank;
  explicit Permute(std::span<const int> axes);
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  Permute inverse() const;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(inverse(), s.dy()); });
  }
};
// y of shape [x.shape[order[0]], x.shape[order[1]], ...]; `order` holds every axis once.
auto permute(const Term auto& x, std::initializer_list<int> order) {
  return apply(ops::Permute(std::span(order.begin(), order.size())), x);
}

// The last two axes exchanged: [.., m, n] -> [.., n, m].
auto transpose(const Term auto& x) {
  const int rank = x.shape().rank();
  if (rank < 2) bad_shapes("transpose", {x.shape()}, "at least 2 axes");
  std::array<int, Shape::max_rank> order{};
  for (int axis = 0; axis < rank; ++axis) order[static_cast<std::size_t>(axis)] = axis;
  std::swap(order[static_cast<std::size_t>(rank - 1)], order[static_cast<std::size_t>(rank - 2)]);
  return apply(ops::Permute(std::span(order.data(), static_cast<std::size_t>(rank))), x);
}

extern template class Operation<ops::Permute>;

}  // namespace gradus
