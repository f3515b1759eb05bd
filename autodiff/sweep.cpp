#include "autodiff/sweep.h"

#include <algorithm>

#include "autodiff/inspect.h"
#include "autodiff/kernels/loops.h"
#include "autodiff/operations/arithmetic.h"

namespace gradus {

GRADUS_INLINE Tensor EagerSweep::allocate(const Shape& shape, Pool::Piece& piece, std::uint32_t node, bool scratch) {
  const std::size_t bytes = static_cast<std::size_t>(shape.size()) * size_of(tape_.type_);
  piece = tape_.adjoints_.allocate(bytes);
  if (tape_.profile_memory_) [[unlikely]]
    Inspector(tape_).note_allocation(piece, bytes, node, node_, scratch);
  return Tensor::view(tape_.adjoints_.memory(piece), shape, tape_.type_);
}

EagerValue EagerSweep::scratch(const Shape& shape) {
  EagerValue value{Tensor(), this};
  value.tensor = allocate(shape, value.piece, node_, true);
  tape_.rule_pieces_.push_back(value.piece);
  return value;
}

void EagerSweep::drop_temporaries(std::size_t mark, std::initializer_list<EagerValue> kept) {
  const auto stays = [&](Pool::Piece piece) {
    return std::ranges::any_of(kept, [piece](const EagerValue& value) { return value.piece == piece; });
  };
  std::size_t end = mark;
  for (std::size_t i = mark; i < tape_.rule_pieces_.size(); ++i) {
    const Pool::Piece piece = tape_.rule_pieces_[i];
    if (stays(piece))
      tape_.rule_pieces_[end++] = piece;
    else
      tape_.adjoints_.release(piece);
  }
  tape_.rule_pieces_.resize(end);
}

bool EagerSweep::prepare(std::uint32_t node) {
  Tape::Adjoint& state = tape_.adjoint_state_[node];
  Tensor& adjoint = tape_.adjoint_[node];
  Pool::Piece& piece = tape_.adjoint_piece_[node];
  switch (state) {
    case Tape::Adjoint::none:
      adjoint = allocate(tape_.nodes_[node].value.shape(), piece, node, false);
      break;
    case Tape::Adjoint::bound:
      break;
    case Tape::Adjoint::borrowed: {
      state = Tape::Adjoint::owned;
      if (tape_.adjoints_.users(piece) == 1) return true;  // the lender is done with it
      const Pool::Piece lent = piece;
      const Tensor mine = allocate(adjoint.shape(), piece, node, false);
      mine.copy_from(adjoint);
      adjoint = mine;
      tape_.adjoints_.release(lent);
      return true;
    }
    case Tape::Adjoint::owned:
      return true;
  }
  state = Tape::Adjoint::owned;
  return false;
}

namespace {

// Whether operands that lie in a tensor's memory are that tensor, element by element.
bool none_overlaps_otherwise(const Tensor& memory, std::span<const EagerValue> operands) {
  const auto* first = static_cast<const std::byte*>(memory.raw());
  return std::ranges::all_of(operands, [&](const EagerValue& operand) {
    const auto* begin = static_cast<const std::byte*>(operand.tensor.raw());
    const bool apart = begin >= first + memory.bytes() || begin + operand.tensor.bytes() <= first;
    return apart || (begin == first && operand.tensor.size() == memory.size());
  });
}

}  // namespace

bool EagerSweep::take_over_value(std::uint32_t node, std::span<const EagerValue> operands) {
  const Tensor& value = tape_.nodes_[node].value;
  if (!last_sweep_ || !none_overlaps_otherwise(value, operands) || !tape_.give_away(node)) return false;
  tape_.adjoint_[node] = Tensor::view(value.raw(), value.shape(), tape_.type_);
  tape_.adjoint_state_[node] = Tape::Adjoint::owned;
  return true;
}

bool EagerSweep::take_over_dy(std::uint32_t node, std::span<const EagerValue> operands) {
  const Tensor &dy = tape_.adjoint_[node_], &value = tape_.nodes_[node].value;
  Pool::Piece& piece = tape_.adjoint_piece_[node_];
  if (tape_.adjoints_.users(piece) != 1 || dy.size() != value.size() || !none_overlaps_otherwise(dy, operands))
    return false;
  tape_.adjoint_[node] = Tensor::view(dy.raw(), value.shape(), tape_.type_);
  tape_.adjoint_piece_[node] = piece;
  tape_.adjoint_state_[node] = Tape::Adjoint::owned;
  piece = Pool::none;
  return true;
}

void EagerSweep::contribute(std::uint32_t node, const EagerValue& value, bool) {
  Tape::Adjoint& state = tape_.adjoint_state_[node];
  if (state == Tape::Adjoint::none) {
    tape_.adjoint_[node] = value.tensor;
    tape_.adjoint_piece_[node] = value.piece;
    tape_.adjoints_.retain(value.piece);
    state = Tape::Adjoint::borrowed;
    return;
  }
  const bool accumulate = prepare(node);
  kernels::copy(tape_.adjoint_[node], accumulate, value.tensor);
}

void EagerSweep::start(const char* operation, std::span<const Var> results, std::span<const Var> leaves) {
  tape_.find_paths(operation, results, leaves);
  const std::size_t nodes = tape_.nodes_.size();
  tape_.adjoints_.reset();
  tape_.rule_pieces_.clear();
  if (tape_.profile_memory_) Inspector(tape_).start_sweep();
  if (tape_.adjoint_.size() < nodes) tape_.adjoint_.resize(nodes);
  tape_.adjoint_piece_.assign(nodes, Pool::none);
  tape_.adjoint_state_.assign(nodes, Tape::Adjoint::none);
}

void EagerSweep::sweep_back(std::span<const Var> results, std::span<const Tensor> seeds, const Visitor* visitor) {
  if (tape_.check_finite_) Inspector(tape_).check_seeds(results, seeds);
  std::uint32_t last = 0;
  node_ = Tape::no_node;
  for (std::size_t i = 0; i < results.size(); ++i) {
    last = std::max(last, results[i].index_ + 1);
    if (tape_.on_path_[results[i].index_])
      contribute(results[i].index_, {Tensor::view(seeds[i].raw(), seeds[i].shape(), seeds[i].dtype()), this});
  }
  for (node_ = last; node_-- > 0;) {
    const AnyOperation* node_operation = tape_.nodes_[node_].operation;
    if (!node_operation || !tape_.on_path_[node_]) continue;
    const Tape::Adjoint state = tape_.adjoint_state_[node_];
    if (state == Tape::Adjoint::none || state == Tape::Adjoint::bound) continue;
    if (visitor) (*visitor)(*this);
    node_operation->propagate(*this);
    if (tape_.check_finite_) [[unlikely]]
      Inspector(tape_).check_contributions(node_);
    tape_.adjoints_.release(tape_.adjoint_piece_[node_]);
    for (const Pool::Piece piece : tape_.rule_pieces_) tape_.adjoints_.release(piece);
    tape_.rule_pieces_.clear();
  }
}

void EagerSweep::run(const char* operation, std::span<const Var> results, std::span<const Tensor> seeds,
                     std::span<const Var> leaves, std::span<const Tensor> out) {
  start(operation, results, leaves);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (out[i].shape() != leaves[i].shape() || out[i].dtype() != tape_.type_)
      throw std::invalid_argument(std::string(operation) + ": destination " + out[i].shape().to_string() + " of " +
                                  name_of(out[i].dtype()) + " for a derivative of shape " +
                                  leaves[i].shape().to_string() + " of " + name_of(tape_.type_));
    const std::uint32_t node = leaves[i].index_;
    tape_.adjoint_[node] = Tensor::view(out[i].raw(), out[i].shape(), out[i].dtype());
    tape_.adjoint_state_[node] = Tape::Adjoint::bound;
  }
  sweep_back(results, seeds, nullptr);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const std::uint32_t node = leaves[i].index_;
    if (tape_.adjoint_state_[node] == Tape::Adjoint::bound)
      out[i].fill(0);
    else if (tape_.adjoint_[node].raw() != out[i].raw())
      out[i].copy_from(tape_.adjoint_[node]);  // the same leaf asked for twice
  }
}

void EagerSweep::visit_uses(
    const char* operation, const Var& result, const Tensor& seed, std::span<const Var> leaves,
    const std::function<void(std::size_t leaf, const AnyOperation&, int operand, Inputs in, const Tensor& dy)>& use) {
  start(operation, {&result, 1}, leaves);
  for (const Var& leaf : leaves) tape_.on_path_[leaf.index_] = 0;  // their own derivatives are not wanted
  const Visitor visitor = [&](EagerSweep& sweep) {
    constexpr int max_operands = 64;
    const Tensor* in[max_operands];
    for (int i = 0; i < sweep.count(); ++i) in[i] = &tape_.nodes_[operand(i)].value;
    for (int i = 0; i < sweep.count(); ++i)
      for (std::size_t leaf = 0; leaf < leaves.size(); ++leaf)
        if (leaves[leaf].index_ == operand(i))
          use(leaf, *tape_.nodes_[node_].operation, i, Inputs{in, sweep.count()}, tape_.adjoint_[node_]);
  };
  sweep_back({&result, 1}, {&seed, 1}, &visitor);
}

void RecordingSweep::contribute(std::uint32_t node, const Var& value) {
  Var& adjoint = tape_.recorded_adjoint_[node];
  adjoint = adjoint.defined() ? add(adjoint, value) : value;
}

std::vector<Var> RecordingSweep::run(const char* operation, const Var& result, const Var& seed,
                                     std::span<const Var> leaves) {
  // A rule may itself record a derivative (checkpoint): the sweep around it gets its notes back.
  struct Notes {
    explicit Notes(Tape& t) : tape(t), nested(t.recording_), origin(t.origin()) {
      if (nested) on_path.swap(tape.on_path_), adjoints.swap(tape.recorded_adjoint_);
      tape.recording_ = true;
    }
    ~Notes() {
      if (nested) on_path.swap(tape.on_path_), adjoints.swap(tape.recorded_adjoint_);
      tape.recording_ = nested;
      tape.set_origin(origin);
    }
    Notes(const Notes&) = delete;
    Tape& tape;
    bool nested;
    std::uint32_t origin;
    std::vector<std::uint8_t> on_path;
    std::vector<Var> adjoints;
  } const notes(tape_);
  tape_.find_paths(operation, {&result, 1}, leaves);
  tape_.check(operation, seed);
  tape_.recorded_adjoint_.assign(result.index_ + 1, Var());
  contribute(result.index_, seed);
  for (node_ = result.index_ + 1; node_-- > 0;) {
    const AnyOperation* node_operation = tape_.nodes_[node_].operation;
    if (node_operation && tape_.on_path_[node_] && tape_.recorded_adjoint_[node_].defined()) {
      tape_.set_origin(node_);
      node_operation->propagate(*this);
    }
  }
  tape_.set_origin(notes.origin);
  std::vector<Var> derivatives;
  for (const Var& leaf : leaves) {
    const bool reached = leaf.index_ <= result.index_ && tape_.recorded_adjoint_[leaf.index_].defined();
    derivatives.push_back(reached ? tape_.recorded_adjoint_[leaf.index_] : broadcast_to(tape_.scalar(0), leaf.shape()));
  }
  return derivatives;
}

}  // namespace gradus
