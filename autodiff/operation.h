// How an operation is written: one struct with its shape, its kernel and its derivative rule.
//
//   struct Exp : Operation<Exp> {                       // y = e^x;  dx = dy y
//     static constexpr const char* title = "exp";
//     Shape shape(Inputs in) const { return in[0].shape(); }
//     void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
//     void vjp(auto& s) const { s.to(0, [&] { return mul(s.dy(), s.out()); }); }
//   };
//   auto exp(const Term auto& x) { return apply(Exp{}, x); }
//
// The rule is compiled for both sweeps; one that uses anything but the vocabulary does not compile, so every operation
// can be differentiated to any order. So that this happens once and not in each file that uses the operation, one that
// is shared says `extern template class Operation<Exp>;` at the end of its header and `template class Operation<Exp>;`
// in its source.
#pragma once

#include "autodiff/sweep.h"
#include "autodiff/tensor/error.h"

namespace gradus {

template <class Derived>
class Operation : public AnyOperation {
 public:
  static constexpr int index_operand = -1;  // the position of an operand of int32, if there is one
  static constexpr bool is_view = false;  // a view has `void* view(Inputs) const`: the result shares operand 0's memory
  // What lets memory be used again (autodiff/memory_reuse.h). The kernel may write over an operand of the result's
  // shape: an element of the result depends on one element of each operand, that in its place or of what is broadcast.
  static constexpr bool may_overwrite = false;
  bool can_overwrite(const Shape& /*result*/) const { return true; }  // one that cannot always do so says when
  static constexpr Reads rule_reads = Reads::everything;

  const char* name() const final;
  void propagate(EagerSweep& sweep) const final;
  void propagate(RecordingSweep& sweep) const final;
  Reads rule_reads_what() const final;
  bool shares_memory() const final;

 protected:
  ~Operation() = default;

 private:
  const Derived& self() const { return static_cast<const Derived&>(*this); }
};

// Not inline, so that `extern template` keeps them out of files that only use an operation.
template <class Derived>
const char* Operation<Derived>::name() const {
  return Derived::title;
}
template <class Derived>
void Operation<Derived>::propagate(EagerSweep& sweep) const {
  self().vjp(sweep);
}
template <class Derived>
void Operation<Derived>::propagate(RecordingSweep& sweep) const {
  self().vjp(sweep);
}
template <class Derived>
Reads Operation<Derived>::rule_reads_what() const {
  return Derived::rule_reads;
}
template <class Derived>
bool Operation<Derived>::shares_memory() const {
  return Derived::is_view;
}

// What a rule computes in the eager sweep alone, with `shape` and `evaluate` as an operation has them. It is never
// recorded and needs no rule: the recording sweep is given the same in parts, whose rules there are.
struct EagerOnly {
  static constexpr bool is_view = false, may_overwrite = false;
  bool can_overwrite(const Shape& /*result*/) const { return true; }
};
template <class Sweep>
inline constexpr bool recording = std::same_as<Sweep, RecordingSweep>;

// A term that a rule uses several times, computed at once instead of where it is used.
inline const Var& computed(const Var& x) { return x; }
inline const EagerValue& computed(const EagerValue& x) { return x; }
template <class Op, int n>
EagerValue computed(const Lazy<Op, n>& x) {
  return x.evaluated();
}

// Records an operation on Vars, or prepares it on the values of an eager sweep.
template <class Op, Term... A>
auto apply(const Op& operation, const A&... operands) {
  if constexpr ((std::same_as<A, Var> && ...)) {
    const std::array<Var, sizeof...(A)> vars{operands...};
    return vars[0].tape().record(operation, vars);
  } else {
    static_assert(!(std::same_as<A, Var> || ...), "a Var and a value of an eager sweep in one operation");
    return Lazy<Op, static_cast<int>(sizeof...(A))>{operation, {computed(operands)...}};
  }
}

}  // namespace gradus
