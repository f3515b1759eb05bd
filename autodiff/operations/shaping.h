// Reshape, parts, slice, concatenate.
#pragma once

#include "autodiff/operation.h"

namespace gradus {

namespace ops {
struct Reshape;
struct PutPart;
struct Part;
struct StopGradient;
struct Pad;
struct Slice;
struct Concatenate;
}  // namespace ops

// The same numbers under another shape; costs nothing.
struct ops::Reshape : Operation<ops::Reshape> {
  static constexpr const char* title = "reshape";
  static constexpr Reads rule_reads = Reads::nothing;
  static constexpr bool is_view = true;
  Shape target;
  explicit Reshape(const Shape& shape) : target(shape) {}
  Shape shape(Inputs in) const;
  void* view(Inputs in) const { return in[0].raw(); }
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(Reshape{s.shape(0)}, s.dy()); });
  }
};
auto reshape(const Term auto& x, const Shape& shape) { return apply(ops::Reshape{shape}, x); }

// Zeros of the shape `whole`, with the elements of x, in row-major order, from element `first` on. The inverse of a
// part.
struct ops::PutPart : Operation<ops::PutPart> {
  static constexpr const char* title = "put_part";
  static constexpr Reads rule_reads = Reads::nothing;
  std::int64_t first;
  Shape whole;
  PutPart(std::int64_t begin, const Shape& total) : first(begin), whole(total) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return part(s.dy(), first, s.shape(0)); });
  }
};
auto put_part(const Term auto& x, std::int64_t first, const Shape& whole) {
  return apply(ops::PutPart{first, whole}, x);
}

// Elements [first, first + shape.size()) in row-major order, under a shape; costs nothing. Rows of axis 0 are such a
// part.
struct ops::Part : Operation<ops::Part> {
  static constexpr const char* title = "part";
  static constexpr Reads rule_reads = Reads::nothing;
  static constexpr bool is_view = true;
  std::int64_t first;
  Shape target;
  Part(std::int64_t begin, const Shape& shape) : first(begin), target(shape) {}
  Shape shape(Inputs in) const;
  void* view(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return put_part(s.dy(), first, s.shape(0)); });
  }
};
auto part(const Term auto& x, std::int64_t first, const Shape& shape) { return apply(ops::Part{first, shape}, x); }

// The same numbers, through which no derivative flows.
struct ops::StopGradient : Operation<ops::StopGradient> {
  static constexpr const char* title = "stop_gradient";
  static constexpr Reads rule_reads = Reads::nothing;
  static constexpr bool is_view = true;
  Shape shape(Inputs in) const { return in[0].shape(); }
  void* view(Inputs in) const { return in[0].raw(); }
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto&) const {}
};
auto stop_gradient(const Term auto& x) { return apply(ops::StopGradient{}, x); }

// Zeros of extent `extent` along an axis, with x at [first, first + x's extent). The inverse of a slice.
struct ops::Pad : Operation<ops::Pad> {
  static constexpr const char* title = "pad";
  static constexpr Reads rule_reads = Reads::nothing;
  int axis;
  std::int64_t first, extent;
  Pad(int along, std::int64_t begin, std::int64_t total) : axis(along), first(begin), extent(total) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return slice(s.dy(), axis, first, s.shape(0)[axis < 0 ? axis + s.shape(0).rank() : axis]); });
  }
};

// x[first, first + count) along an axis; negative axes count from the end.
struct ops::Slice : Operation<ops::Slice> {
  static constexpr const char* title = "slice";
  static constexpr Reads rule_reads = Reads::nothing;
  int axis;
  std::int64_t first, count;
  Slice(int along, std::int64_t begin, std::int64_t length) : axis(along), first(begin), count(length) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(Pad{axis, first, s.shape(0)[axis < 0 ? axis + s.shape(0).rank() : axis]}, s.dy()); });
  }
};
auto slice(const Term auto& x, int axis, std::int64_t first, std::int64_t count) {
  return apply(ops::Slice{axis, first, count}, x);
}
auto pad(const Term auto& x, int axis, std::int64_t first, std::int64_t extent) {
  return apply(ops::Pad{axis, first, extent}, x);
}

// The operands one after the other along an axis.
struct ops::Concatenate : Operation<ops::Concatenate> {
  static constexpr const char* title = "concatenate";
  static constexpr Reads rule_reads = Reads::nothing;
  int axis;
  explicit Concatenate(int along) : axis(along) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    std::int64_t first = 0;
    for (int i = 0; i < s.count(); ++i) {
      const std::int64_t count = s.shape(i)[axis < 0 ? axis + s.shape(i).rank() : axis];
      s.to(i, [&] { return slice(s.dy(), axis, first, count); });
      first += count;
    }
  }
};
// At most 64 operands.
Var concatenate(std::span<const Var> operands, int axis);
inline Var concatenate(std::initializer_list<Var> operands, int axis) {
  return concatenate(std::span(operands.begin(), operands.size()), axis);
}

// 0 <= axis < rank for an axis that may count from the end; throws with the operation's name.
int checked_axis(const char* operation, int axis, const Shape& shape);

extern template class Operation<ops::Reshape>;
extern template class Operation<ops::PutPart>;
extern template class Operation<ops::Part>;
extern template class Operation<ops::StopGradient>;
extern template class Operation<ops::Pad>;
extern template class Operation<ops::Slice>;
extern template class Operation<ops::Concatenate>;

}  // namespace gradus
