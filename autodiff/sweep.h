// The two ways of running the derivative rules from a result back to its inputs.
//
// The eager sweep evaluates each contribution straight into the memory of an adjoint; the recording sweep appends it to
// the tape as new nodes, which can be differentiated again. A rule is a template over both, so it is written once.
#pragma once

#include <array>
#include <concepts>
#include <functional>
#include <span>
#include <vector>

#include "autodiff/tape.h"

namespace gradus {

// A tensor inside an eager sweep: the vocabulary's second kind of term, beside Var.
struct EagerValue {
  Tensor tensor;
  EagerSweep* sweep;
  Pool::Piece piece = Pool::none;  // the sweep's memory that it lies in, if it does
  const Shape& shape() const { return tensor.shape(); }
};

// An operation on values that has not run yet: it can write itself into a destination, or add itself onto one.
template <class Op, int n>
struct Lazy {
  Op operation;
  std::array<EagerValue, n> operands;

  Shape shape() const {
    return with_inputs([&](Inputs in) { return operation.shape(in); });
  }
  void into(const Tensor& destination, bool accumulate) const {
    with_inputs([&](Inputs in) { operation.evaluate(in, destination, accumulate); });
  }
  // The result in scratch memory, for use as an operand (a view costs nothing).
  EagerValue evaluated() const;

 private:
  template <class F>
  decltype(auto) with_inputs(F&& f) const {
    const Tensor* in[n];
    for (int i = 0; i < n; ++i) in[i] = &operands[static_cast<std::size_t>(i)].tensor;
    return f(Inputs{in, n});
  }
};

template <class T>
struct is_lazy : std::false_type {};
template <class Op, int n>
struct is_lazy<Lazy<Op, n>> : std::true_type {};

// What the vocabulary's functions accept.
template <class T>
concept Term = std::same_as<T, Var> || std::same_as<T, EagerValue> || is_lazy<T>::value;

class EagerSweep {
 public:
  // In the last sweep over a record, adjoints may be written over values that no rule reads any more.
  explicit EagerSweep(Tape& tape, bool last_sweep = false) : tape_(tape), last_sweep_(last_sweep) {}

  // Adds the derivatives of the sum of <seed, result> with respect to `leaves` up and writes them into `out`, same
  // order and shapes. Adjoints give their memory back as soon as they are used.
  void run(const char* operation, std::span<const Var> results, std::span<const Tensor> seeds,
           std::span<const Var> leaves, std::span<const Tensor> out);

  // For each use of a leaf by an operation through which `result` depends on it: the operation, the position, what it
  // read and its result's cotangent. The leaves' own derivatives are not computed.
  void visit_uses(
      const char* operation, const Var& result, const Tensor& seed, std::span<const Var> leaves,
      const std::function<void(std::size_t leaf, const AnyOperation&, int operand, Inputs in, const Tensor& dy)>& use);

  // For rules: the result's cotangent, operands, the result, and the place of a contribution.
  EagerValue dy() { return {tape_.adjoint_[node_], this, tape_.adjoint_piece_[node_]}; }
  EagerValue in(int i) { return {tape_.read_by_rule(node_, operand(i)), this}; }
  EagerValue out() { return {tape_.read_by_rule(node_, node_), this}; }
  const Shape& shape(int i) const { return tape_.nodes_[operand(i)].value.shape(); }
  int count() const { return static_cast<int>(tape_.nodes_[node_].operand_count); }
  bool wants(int i) const { return tape_.on_path_[operand(i)]; }
  template <class F>
  void to(int i, const F& contribution) {
    if (!wants(i)) return;
    const std::size_t before = mark();
    contribute(operand(i), contribution());
    if (mark() > before) drop_temporaries(before, {});  // the contribution's own
  }
  // The same for the last line of a rule, which then reads nothing any more: an element-wise contribution may be
  // written over dy, and in the last sweep over the operand's value.
  template <class F>
  void to_last(int i, const F& contribution) {
    if (!wants(i)) return;
    const std::size_t before = mark();
    contribute(operand(i), contribution(), true);
    if (mark() > before) drop_temporaries(before, {});
  }

  // Memory until the end of the contribution (else of the rule) that is being made, or as long as an adjoint lies in
  // it.
  EagerValue scratch(const Shape& shape);
  // The temporaries made since `mark` was taken give their memory back now, but for those kept.
  std::size_t mark() const { return tape_.rule_pieces_.size(); }
  void drop_temporaries(std::size_t mark, std::initializer_list<EagerValue> kept);

 private:
  std::uint32_t operand(int i) const {
    return tape_.operands_[tape_.nodes_[node_].first_operand + static_cast<std::uint32_t>(i)];
  }
  using Visitor = std::function<void(EagerSweep&)>;  // called before the rule of each node
  void start(const char* operation, std::span<const Var> results, std::span<const Var> leaves);
  void sweep_back(std::span<const Var> results, std::span<const Tensor> seeds, const Visitor* visitor);
  // For the adjoint of a node, or as scratch of its rule.
  Tensor allocate(const Shape& shape, Pool::Piece& piece, std::uint32_t node, bool scratch);
  // Gives an adjoint memory, and tells whether it already holds something to add onto.
  bool prepare(std::uint32_t node);
  void contribute(std::uint32_t node, const EagerValue& value, bool last = false);
  template <class Op, int n>
  void contribute(std::uint32_t node, const Lazy<Op, n>& lazy, bool last = false) {
    if constexpr (Op::is_view) {
      contribute(node, lazy.evaluated());
    } else {
      if constexpr (Op::pointwise)
        if (last && tape_.adjoint_state_[node] == Tape::Adjoint::none && !tape_.check_finite_ &&
            lazy.operation.can_overwrite(tape_.nodes_[node].value.shape()) &&
            (take_over_value(node, lazy.operands) || take_over_dy(node, lazy.operands)))
          return lazy.into(tape_.adjoint_[node], false);
      const bool accumulate = prepare(node);
      lazy.into(tape_.adjoint_[node], accumulate);
    }
  }

  // Make the memory of the node's value, or of the running rule's dy, that of the node's adjoint if nothing else needs
  // it. A kernel that reads `operands` and works element by element then writes there.
  bool take_over_value(std::uint32_t node, std::span<const EagerValue> operands);
  bool take_over_dy(std::uint32_t node, std::span<const EagerValue> operands);

  Tape& tape_;
  bool last_sweep_;
  std::uint32_t node_ = 0;
};

class RecordingSweep {
 public:
  explicit RecordingSweep(Tape& tape) : tape_(tape) {}

  // The same derivatives as new nodes. A leaf on which the result does not depend gets zeros.
  std::vector<Var> run(const char* operation, const Var& result, const Var& seed, std::span<const Var> leaves);

  Var dy() { return tape_.recorded_adjoint_[node_]; }
  Var in(int i) { return tape_.read_by_rule(node_, operand(i)), tape_.var(operand(i)); }
  Var out() { return tape_.read_by_rule(node_, node_), tape_.var(node_); }
  const Shape& shape(int i) const { return tape_.nodes_[operand(i)].value.shape(); }
  int count() const { return static_cast<int>(tape_.nodes_[node_].operand_count); }
  bool wants(int i) const { return tape_.on_path_[operand(i)]; }
  template <class F>
  void to(int i, const F& contribution) {
    if (wants(i)) contribute(operand(i), contribution());
  }
  template <class F>
  void to_last(int i, const F& contribution) {
    to(i, contribution);
  }
  // Nodes stay on the tape.
  std::size_t mark() const { return 0; }
  void drop_temporaries(std::size_t, std::initializer_list<Var>) const {}

 private:
  std::uint32_t operand(int i) const {
    return tape_.operands_[tape_.nodes_[node_].first_operand + static_cast<std::uint32_t>(i)];
  }
  void contribute(std::uint32_t node, const Var& value);

  Tape& tape_;
  std::uint32_t node_ = 0;
};

template <class Op, int n>
EagerValue Lazy<Op, n>::evaluated() const {
  EagerSweep* sweep = operands[0].sweep;
  if constexpr (Op::is_view) {
    return with_inputs([&](Inputs in) {
      return EagerValue{Tensor::view(operation.view(in), operation.shape(in), in[0].dtype()), sweep, operands[0].piece};
    });
  } else {
    const EagerValue memory = sweep->scratch(shape());
    into(memory.tensor, false);
    return memory;
  }
}

}  // namespace gradus
