// The tape: what was computed, in order, and the only place that remembers it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "autodiff/arena.h"
#include "autodiff/pool.h"
#include "autodiff/stable_vector.h"
#include "autodiff/tensor/tensor.h"

namespace gradus {

class Tape;
class EagerSweep;
class RecordingSweep;
class Inspector;
class Scope;
struct Annotations;

// The tensors that an operation reads.
struct Inputs {
  const Tensor* const* tensors;
  int count;
  const Tensor& operator[](int i) const { return *tensors[i]; }
};

// What may be asked of an operation about an operand that all n examples of a batch share, such as a weight. With dy[n,
// ...] the result's cotangent, g_i is the part of the operand's derivative that comes from example i.
enum class PerExample {
  gradients,       // out[n, elements of the operand]: g_i
  squared_norms,   // out[n]: |g_i|^2
  sum_of_squares,  // out[elements of the operand]: the sum over i of g_i^2, element by element
};

// An operation as a layer: y[rows, m] = a[rows, width] w[width, m], plus b if there is one, the result, the weight and
// what the weight meets seen as matrices. A convolution has a row for each place of the kernel.
struct LayerUse {
  int weight = -1, bias = -1;  // operands; -1: not a layer, or no bias
  std::int64_t rows = 0, width = 0;
};

// What an operation's derivative rule reads beside the result's cotangent. Asking the sweep for anything else throws.
enum class Reads : std::uint8_t { everything, operands, result, nothing };

// What the tape knows of an operation; operations derive from Operation (autodiff/operation.h), not from this.
class AnyOperation {
 public:
  virtual const char* name() const = 0;
  // Writes the result into `out`, or adds it onto `out`.
  virtual void evaluate(Inputs in, const Tensor& out, bool accumulate) const = 0;
  // The vector-Jacobian product at once, or as new nodes.
  virtual void propagate(EagerSweep& sweep) const = 0;
  virtual void propagate(RecordingSweep& sweep) const = 0;
  virtual Reads rule_reads_what() const = 0;
  virtual bool shares_memory() const = 0;  // the result is a view of operand 0
  // Adds the quantity onto `out`, and returns true; returns false if the operation does not know how.
  virtual bool per_example(PerExample, int /*operand*/, Inputs, const Tensor& /*dy*/, const Tensor& /*out*/) const {
    return false;
  }
  // The operation as a layer, and for one that is, rows [first, first + count) of a, written to out[count, width].
  virtual LayerUse as_layer(Inputs) const { return {}; }
  virtual void layer_inputs(Inputs, std::int64_t /*first*/, const Tensor& /*out*/) const {}

 protected:
  ~AnyOperation() = default;  // lives in the tape's arena, which destroys nothing
};

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

 private:
  friend class Tape;
  friend class EagerSweep;
  friend class RecordingSweep;
  friend class Inspector;
  friend Var last_use(const Var& var);
  [[noreturn]] static void refuse_undefined();
  Var(Tape* tape, std::uint32_t index, std::uint32_t generation)
      : tape_(tape), index_(index), generation_(generation) {}
  Tape* tape_ = nullptr;
  std::uint32_t index_ = 0, generation_ = 0;
  bool last_use_ = false;
};

// For the operand of an operation: its value will not be asked for again, so the operation may write its result over
// it. It does if it works element by element and no derivative rule needs what is overwritten, as in
// relu(last_use(affine(..))); a value that another operation has read, and one that belongs to the caller, stays.
// Reading an overwritten value later throws; its shape and its derivative can still be asked for.
inline Var last_use(const Var& var) {
  Var given = var;
  given.last_use_ = true;
  return given;
}

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

  std::size_t node_count() const { return nodes_.size(); }
  // Bytes of values, with the most that the adjoints of the last sweep took at once, and bytes held for the next step.
  std::size_t bytes_used() const { return values_.used() + adjoints_.peak() + (inner_ ? inner_->bytes_used() : 0); }
  std::size_t bytes_held() const {
    return values_.capacity() + adjoints_.capacity() + (inner_ ? inner_->bytes_held() : 0);
  }

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
  void check(const char* operation, const Var& var) const;

  // The rest is for finding out what went wrong, with autodiff/inspect.h. What is not used costs a step nothing.

  // Gives a node a name until reset(), and returns the node. Throws if the text is empty or does not fit on one line.
  Var name(const Var& var, std::string_view text);
  // That name, or the automatic one ("matmul_12": operation and index), after the scopes in which the node was
  // recorded.
  std::string name(const Var& var) const;
  // While on, the first operation whose result is not finite, or whose rule leaves an operand such an adjoint, throws
  // std::runtime_error with one line: the node, the first bad element, and which operands were finite.
  void check_finite(bool on);
  // While on, each sweep keeps account of its memory, for memory_by_operation().
  void profile_memory(bool on);

 private:
  friend class Var;
  friend class EagerSweep;
  friend class RecordingSweep;
  friend class Inspector;
  friend class Scope;

  struct Node {
    const AnyOperation* operation = nullptr;  // null for a leaf
    Tensor value;
    std::uint32_t first_operand = 0,
                  operand_count = 0;             // of a leaf: whether its numbers lie in the tape's memory, and 0
    std::uint32_t uses = 0;                      // as an operand
    bool in_place = false, overwritten = false;  // it was written over an operand; another result over it
  };
  // The adjoint of a node during an eager sweep.
  enum class Adjoint : std::uint8_t {
    none,      // no contribution yet
    bound,     // none yet; the first one is written into memory that the caller gave
    borrowed,  // one contribution, in memory that belongs to somebody else
    owned      // in memory of its own
  };

  Var add_node(const AnyOperation* operation, const Tensor& value, std::uint32_t first, std::uint32_t count,
               bool in_place = false);

  // The parts of record() that are the same for all operations.
  static constexpr int max_operands = 64;
  struct Result {
    Tensor value;
    bool in_place = false;  // in the memory of an operand
  };
  Inputs read_operands(const char* title, int index_operand, std::span<const Var> operands,
                       const Tensor* (&in)[max_operands]) const;
  void count_uses(std::span<const Var> operands);
  Result memory_for(const Shape& shape, std::span<const Var> operands, Inputs in, bool may_overwrite);
  Var add_result(const AnyOperation* operation, const Result& result, std::span<const Var> operands);
  // Whether nobody needs a node's memory but the operation that is being recorded; if so, marks it as overwritten.
  bool give_away(std::uint32_t node);
  // The value of a node, for the rule of one that may be itself or depend on it.
  const Tensor& read_by_rule(std::uint32_t rule, std::uint32_t node) const {
    const Reads reads = nodes_[rule].operation->rule_reads_what();
    const bool declared = reads == Reads::everything || reads == (node == rule ? Reads::result : Reads::operands);
    if (!declared || nodes_[node].overwritten) [[unlikely]]
      refuse_read(rule, node, declared);
    return nodes_[node].value;
  }
  [[noreturn]] void refuse_read(std::uint32_t rule, std::uint32_t node, bool declared) const;
  [[noreturn]] void refuse_overwritten(const char* operation, std::uint32_t node) const;
  Var var(std::uint32_t index) { return Var(this, index, generation_); }
  Tensor allocate(const Shape& shape);
  // Marks the nodes through which `results` depend on `leaves`; throws if they are not of this tape.
  void find_paths(const char* operation, std::span<const Var> results, std::span<const Var> leaves);
  [[noreturn]] void wrong_operand(const char* operation, int position, DType found, bool index_expected) const;
  // The nodes that follow are recorded by the derivative rule of this one.
  void set_origin(std::uint32_t node);
  std::uint32_t origin() const { return origins_.empty() ? no_node : origins_.back().origin; }

  DType type_;
  bool check_finite_ = false, profile_memory_ = false;  // beside what every step reads anyway
  std::uint32_t generation_ = 0;
  Arena values_;
  Pool adjoints_;
  StableVector<Node> nodes_;  // rules and callers hold references to values while more is recorded
  std::vector<std::uint32_t> operands_;

  std::vector<std::shared_ptr<const void>> kept_;
  std::unique_ptr<Tape> inner_;

  // Scratch of the sweeps, kept for its memory.
  std::vector<std::uint8_t> on_path_;
  std::vector<Adjoint> adjoint_state_;
  std::vector<Tensor> adjoint_;
  std::vector<Pool::Piece> adjoint_piece_;
  std::vector<Pool::Piece> rule_pieces_;  // scratch of the rule that is running
  std::vector<Var> recorded_adjoint_;
  bool recording_ = false;  // a recording sweep is running

  // For autodiff/inspect.h.
  static constexpr std::uint32_t no_node = 0xffffffff;
  struct Origin {
    std::uint32_t first, origin;  // the nodes from `first` on come from the rule of `origin`
  };
  struct DeleteAnnotations {
    void operator()(Annotations* annotations) const;
  };
  std::vector<Origin> origins_;
  std::unique_ptr<Annotations, DeleteAnnotations> annotations_;  // names and accounts, once there are any
};

inline Tape& Var::tape() const {
  if (!tape_) [[unlikely]]
    refuse_undefined();
  return *tape_;
}

inline const Tensor& Var::value() const {
  tape().check("value", *this);
  const Tape::Node& node = tape_->nodes_[index_];
  if (node.overwritten) [[unlikely]]
    tape_->refuse_overwritten("value", index_);
  return node.value;
}

inline const Shape& Var::shape() const {
  tape().check("shape", *this);
  return tape_->nodes_[index_].value.shape();
}

template <class Op>
Var Tape::record(const Op& operation, std::span<const Var> operands) {
  static_assert(std::is_trivially_destructible_v<Op>, "an operation holds plain values: the tape destroys nothing");
  const Tensor* in[max_operands];
  const Inputs inputs = read_operands(Op::title, Op::index_operand, operands, in);
  const Shape shape = operation.shape(inputs);
  count_uses(operands);
  Result result;
  if constexpr (Op::is_view) {
    result.value = Tensor::view(operation.view(inputs), shape, type_);
  } else {
    constexpr bool reads_no_operand = Op::rule_reads == Reads::result || Op::rule_reads == Reads::nothing;
    result = memory_for(shape, operands, inputs, Op::pointwise && reads_no_operand);
    operation.evaluate(inputs, result.value, false);
  }
  const Op* kept = new (values_.allocate(sizeof(Op))) Op(operation);
  return add_result(kept, result, operands);
}

}  // namespace gradus
