// The two ways of running the derivative rules from a result back to its inputs.
//
// The eager sweep evaluates each contribution straight into the memory of an adjoint; the recording sweep appends it to
// the tape as new nodes, which can be differentiated again. A rule is a template over both, so it is written once.
#pragma once

#include <array>
#include <concepts>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "autodiff/tape.h"

namespace gradus {

// A tensor inside an eager sweep: the vocabulary's second kind of term, beside Var. A temporary's memory is given back
// when the last value that refers to it goes out of scope.
struct EagerValue {
  const Tensor* of_node;  // a node's value or adjoint; null for what no node holds, a temporary or a view
  EagerSweep* sweep;
  Pool::Piece piece = Pool::none;  // the sweep's memory in which it lies, if it does
  std::optional<Tensor> own = {};  // what no node holds
  Pool::Use use = {};              // of a temporary: what keeps that memory
  const Tensor& tensor() const { return of_node ? *of_node : *own; }
  const Shape& shape() const { return tensor().shape(); }
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
  // The result in memory of its own, for use as an operand (a view costs nothing).
  EagerValue evaluated() const;

  template <class F>
  decltype(auto) with_inputs(F&& f) const {
    const Tensor* in[n];
    for (int i = 0; i < n; ++i) in[i] = &operands[static_cast<std::size_t>(i)].tensor();
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

// What both sweeps know of the node whose rule they run.
class RunningRule {
 public:
  const Shape& shape(int i) const { return graph_[operand(i)].value.shape(); }
  int count() const { return static_cast<int>(graph_[node_].operand_count); }
  bool wants(int i) const { return on_path_[operand(i)]; }

 protected:
  RunningRule(Tape& tape, std::vector<std::uint8_t>& on_path) : tape_(tape), graph_(tape.graph()), on_path_(on_path) {}
  std::uint32_t operand(int i) const { return graph_.operand(node_, i); }
  // Marks the nodes through which `results` depend on `leaves`; throws if they are not of this tape.
  void find_paths(const char* operation, std::span<const Var> results, std::span<const Var> leaves);

  Tape& tape_;
  Graph& graph_;
  std::vector<std::uint8_t>& on_path_;
  std::uint32_t node_ = 0;
};

class EagerSweep : public RunningRule {
 public:
  // In the last sweep over a record, adjoints may be written over values that no rule reads any more.
  explicit EagerSweep(Tape& tape, bool last_sweep = false)
      : RunningRule(tape, tape.sweep_state().on_path), state_(tape.sweep_state()), last_sweep_(last_sweep) {}

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
  EagerValue dy() { return {&adjoint(node_).tensor, this, adjoint(node_).piece}; }
  EagerValue in(int i) { return {&graph_.read_by_rule(node_, operand(i)), this}; }
  EagerValue out() { return {&graph_.read_by_rule(node_, node_), this}; }
  template <class F>
  void to(int i, const F& contribution) {
    if (wants(i)) contribute(operand(i), contribution(), false);
  }
  // The same for the last line of a rule, which then reads nothing any more: an element-wise contribution may be
  // written over dy, and in the last sweep over the operand's value.
  template <class F>
  void to_last(int i, const F& contribution) {
    if (wants(i)) contribute(operand(i), contribution(), true);
  }
  // Uninitialised memory.
  EagerValue temporary(const Shape& shape);

 private:
  using Visitor = std::function<void(EagerSweep&)>;  // called before the rule of each node
  Adjoint& adjoint(std::uint32_t node) { return state_.adjoints[node]; }
  void start(const char* operation, std::span<const Var> results, std::span<const Var> leaves);
  void sweep_back(std::span<const Var> results, std::span<const Tensor> seeds, const Visitor* visitor);
  // Gives an adjoint memory, and tells whether it already holds something to add onto.
  bool prepare(std::uint32_t node) { return state_.prepare(node, graph_[node].value.shape(), node_); }
  // Whether the first contribution to a node may be written where something lies that is not needed any more; if so,
  // that is where its adjoint lies now (autodiff/memory_reuse.h).
  bool take_over(std::uint32_t node, Inputs operands);
  void contribute(std::uint32_t node, const EagerValue& value, bool last);
  template <class Op, int n>
  void contribute(std::uint32_t node, const Lazy<Op, n>& lazy, bool last) {
    if constexpr (Op::is_view) {
      contribute(node, lazy.evaluated(), last);
    } else {
      bool accumulate = false, over_another = false;
      if constexpr (Op::may_overwrite)
        over_another = last && lazy.operation.can_overwrite(graph_[node].value.shape()) &&
                       lazy.with_inputs([&](Inputs in) { return take_over(node, in); });
      if (!over_another) accumulate = prepare(node);
      lazy.into(adjoint(node).tensor, accumulate);
    }
  }

  SweepState& state_;
  bool last_sweep_;
};

class RecordingSweep : public RunningRule {
 public:
  explicit RecordingSweep(Tape& tape) : RunningRule(tape, paths_) {}

  // The same derivatives as new nodes. A leaf on which the result does not depend gets zeros.
  std::vector<Var> run(const char* operation, const Var& result, const Var& seed, std::span<const Var> leaves);

  Var dy() { return adjoint_[node_]; }
  Var in(int i) {
    graph_.read_by_rule(node_, operand(i));
    return tape_.at(operand(i));
  }
  Var out() {
    graph_.read_by_rule(node_, node_);
    return tape_.at(node_);
  }
  template <class F>
  void to(int i, const F& contribution) {
    if (wants(i)) contribute(operand(i), contribution());
  }
  template <class F>
  void to_last(int i, const F& contribution) {
    to(i, contribution);
  }

 private:
  void contribute(std::uint32_t node, const Var& value);

  std::vector<std::uint8_t> paths_;  // not the tape's: a rule may itself record a derivative (checkpoint)
  std::vector<Var> adjoint_;         // by node
};

template <class Op, int n>
EagerValue Lazy<Op, n>::evaluated() const {
  const EagerValue& first = operands[0];
  if constexpr (Op::is_view) {
    return with_inputs([&](Inputs in) {
      return EagerValue{nullptr, first.sweep, first.piece,
                        Tensor::view(operation.view(in), operation.shape(in), in[0].dtype()), first.use};
    });
  } else {
    EagerValue result = first.sweep->temporary(shape());
    into(result.tensor(), false);
    return result;
  }
}

}  // namespace gradus
