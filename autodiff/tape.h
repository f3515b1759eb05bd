// The tape: what was computed, in order, and the only place that remembers it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "autodiff/arena.h"
#include "autodiff/graph.h"
#include "autodiff/sweep_state.h"

namespace gradus {

class Tape;

// A handle to a node of a tape. It is valid until the tape is reset, and must not outlive the tape.
class Var {
 public:
  Var() = default;
  bool defined() const { return tape_ != nullptr; }
  // All of these throw std::invalid_argument for a Var that is undefined or older than the last reset of its tape, and
  // value() also for one whose memory was given away, see last_use().
  Tape& tape() const;
  const Tensor& value() const;
  const Shape& shape() const;
  double item() const { return value().item(); }
  // The node's place on its tape.
  std::uint32_t index() const { return index_; }

  // For the operand of an operation: its value will not be asked for again, so the operation may write its result over
  // it, as in relu(last_use(affine(..))). autodiff/memory_reuse.h says when it does. Reading an overwritten value later
  // throws; its shape and its derivative can still be asked for.
  friend Var last_use(Var var) {
    var.last_use_ = true;
    return var;
  }

 private:
  friend class Tape;
  [[noreturn]] static void refuse_undefined();
  Var(Tape* tape, std::uint32_t index, std::uint32_t generation)
      : tape_(tape), index_(index), generation_(generation) {}
  Tape* tape_ = nullptr;
  std::uint32_t index_ = 0, generation_ = 0;
  bool last_use_ = false;
};

// Values live in the tape's memory until reset(), which keeps that memory for the next step. One tape belongs to one
// thread at a time; tapes share nothing.
class Tape {
 public:
  explicit Tape(DType type = DType::float32);
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  DType dtype() const { return type_; }

  // A leaf. Its memory is not copied and must stay unchanged until reset(); until then a tensor that owns its memory
  // keeps it, and whoever gives a Tensor::view sees to that. The element type is the tape's; labels and indices may be
  // int32.
  Var leaf(const Tensor& value);
  // A leaf that keeps a copy of the numbers.
  Var copy(const Tensor& value);
  Var scalar(double value);

  // Computes an operation now and remembers it. Throws if an operand is stale, of another tape, or of a wrong shape or
  // type.
  template <class Op>
  Var record(const Op& operation, std::span<const Var> operands);

  // From now on no last_use() gives this value's memory away.
  void protect(const Var& var);

  // Forgets every node and keeps the memory. Every Var of before becomes stale.
  void reset();

  std::size_t node_count() const { return graph_.size(); }
  // Bytes of values, with the most that the adjoints of the last sweep took at once, and bytes held for the next step.
  std::size_t bytes_used() const { return values_.used() + state_.pool.peak() + inner_bytes_used(); }
  std::size_t bytes_held() const {
    return values_.capacity() + state_.pool.capacity() + (inner_ ? inner_->bytes_held() : 0);
  }
  std::size_t inner_bytes_used() const { return inner_ ? inner_->bytes_used() : 0; }

  // For operations that need more than plain values: keeps an object until reset().
  template <class T>
  const T* keep(T value) {
    auto kept = std::make_shared<const T>(std::move(value));
    kept_.push_back(kept);
    return kept.get();
  }
  // For operations that compute on a tape of their own: one of this type, made on the first request.
  Tape& inner();

  // Throws if the Var is not a live node of this tape.
  void check(const char* operation, const Var& var) const {
    if (var.tape_ != this || var.generation_ != generation_ || var.index_ >= graph_.size()) [[unlikely]]
      refuse(operation, var);
  }

  // The rest is for finding out what went wrong, with autodiff/inspect.h. What is not used costs a step nothing.

  // Gives a node a name until reset(), and returns the node. Throws if the text is empty or does not fit on one line.
  Var name(const Var& var, std::string_view text);
  // That name, or the automatic one ("matmul_12": operation and index), after the scopes in which the node was
  // recorded.
  std::string name(const Var& var) const;
  // While on, the first operation whose result is not finite, or whose rule leaves an operand such an adjoint, throws
  // std::runtime_error with one line: the node, the first bad element, and which operands were finite.
  void check_finite(bool on);
  bool checks_finite() const { return check_finite_; }
  // While on, each sweep keeps account of its memory, for memory_by_operation().
  void profile_memory(bool on) { state_.account.on = on; }

  // What sweeps and inspection work on; of no use elsewhere.
  Graph& graph() { return graph_; }
  const Graph& graph() const { return graph_; }
  SweepState& sweep_state() { return state_; }
  const SweepState& sweep_state() const { return state_; }
  Var at(std::uint32_t node) { return Var(this, node, generation_); }
  std::uint32_t generation() const { return generation_; }  // how often it was reset

 private:
  // The parts of record() that are the same for all operations.
  static constexpr int max_operands = 64;
  struct Memory {
    void* data = nullptr;
    bool in_place = false;  // an operand's
  };
  Inputs use_operands(const char* title, int index_operand, std::span<const Var> operands,
                      const Tensor* (&in)[max_operands]);
  Memory memory_for(const Shape& shape, std::span<const Var> operands, Inputs in, bool may_overwrite);
  Var add_result(const AnyOperation* operation, const Tensor& value, bool in_place, std::span<const Var> operands);
  Var add_copied_leaf(const Tensor& memory);
  [[noreturn]] void refuse(const char* operation, const Var& var) const;
  Tensor allocate(const Shape& shape);

  DType type_;
  bool check_finite_ = false;
  std::uint32_t generation_ = 0;
  Arena values_;
  Graph graph_;
  SweepState state_;
  std::vector<std::shared_ptr<const void>> kept_;
  std::unique_ptr<Tape> inner_;
};

inline Tape& Var::tape() const {
  if (!tape_) [[unlikely]]
    refuse_undefined();
  return *tape_;
}

inline const Tensor& Var::value() const {
  tape().check("value", *this);
  return tape_->graph().value(index_, "value");
}

inline const Shape& Var::shape() const {
  tape().check("shape", *this);
  return tape_->graph()[index_].value.shape();
}

template <class Op>
Var Tape::record(const Op& operation, std::span<const Var> operands) {
  static_assert(std::is_trivially_destructible_v<Op>, "an operation holds plain values: the tape destroys nothing");
  const Tensor* in[max_operands];
  const Inputs inputs = use_operands(Op::title, Op::index_operand, operands, in);
  const Shape shape = operation.shape(inputs);
  Memory memory;
  if constexpr (Op::is_view) {
    memory.data = operation.view(inputs);
  } else {
    constexpr bool reads_no_operand = Op::rule_reads == Reads::result || Op::rule_reads == Reads::nothing;
    memory = memory_for(shape, operands, inputs, Op::may_overwrite && reads_no_operand);
  }
  const Tensor value = Tensor::view(memory.data, shape, type_);
  if constexpr (!Op::is_view) operation.evaluate(inputs, value, false);
  const Op* kept = new (values_.allocate(sizeof(Op))) Op(operation);
  return add_result(kept, value, memory.in_place, operands);
}

}  // namespace gradus
