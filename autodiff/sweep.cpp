#include "autodiff/sweep.h"

#include "autodiff/kernels/loops.h"
#include "autodiff/operations/arithmetic.h"

namespace gradus {

bool EagerSweep::prepare(std::uint32_t node) {
  Tape::Adjoint& state = tape_.adjoint_state_[node];
  Tensor& adjoint = tape_.adjoint_[node];
  switch (state) {
    case Tape::Adjoint::none: adjoint = scratch(tape_.nodes_[node].value.shape()); break;
    case Tape::Adjoint::bound: break;
    case Tape::Adjoint::borrowed: {
      const Tensor mine = scratch(adjoint.shape());
      mine.copy_from(adjoint);
      adjoint = mine;
      state = Tape::Adjoint::owned;
      return true;
    }
    case Tape::Adjoint::owned: return true;
  }
  state = Tape::Adjoint::owned;
  return false;
}

void EagerSweep::contribute(std::uint32_t node, const Value& value) {
  Tape::Adjoint& state = tape_.adjoint_state_[node];
  if (state == Tape::Adjoint::none) {
    tape_.adjoint_[node] = value.tensor;
    state = Tape::Adjoint::borrowed;
    return;
  }
  const bool accumulate = prepare(node);
  kernels::copy(tape_.adjoint_[node], accumulate, value.tensor);
}

void EagerSweep::run(const char* operation, const Var& result, const Tensor& seed, std::span<const Var> leaves,
                     std::span<const Tensor> out) {
  tape_.find_paths(operation, result, leaves);
  tape_.adjoints_.reset();
  if (tape_.adjoint_.size() < tape_.nodes_.size()) tape_.adjoint_.resize(tape_.nodes_.size());
  tape_.adjoint_state_.assign(tape_.nodes_.size(), Tape::Adjoint::none);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (out[i].shape() != leaves[i].shape() || out[i].dtype() != tape_.type_)
      throw std::invalid_argument(std::string(operation) + ": destination " + out[i].shape().to_string() + " of " +
                                  name_of(out[i].dtype()) + " for a derivative of shape " +
                                  leaves[i].shape().to_string() + " of " + name_of(tape_.type_));
    const std::uint32_t node = leaves[i].index_;
    tape_.adjoint_[node] = Tensor::view(out[i].raw(), out[i].shape(), out[i].dtype());
    tape_.adjoint_state_[node] = Tape::Adjoint::bound;
  }
  contribute(result.index_, {Tensor::view(seed.raw(), seed.shape(), seed.dtype()), this});
  for (node_ = result.index_ + 1; node_-- > 0;) {
    const AnyOperation* node_operation = tape_.nodes_[node_].operation;
    if (!node_operation || !tape_.on_path_[node_]) continue;
    const Tape::Adjoint state = tape_.adjoint_state_[node_];
    if (state == Tape::Adjoint::none || state == Tape::Adjoint::bound) continue;
    node_operation->propagate(*this);
  }
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const std::uint32_t node = leaves[i].index_;
    if (tape_.adjoint_state_[node] == Tape::Adjoint::bound)
      out[i].fill(0);
    else if (tape_.adjoint_[node].raw() != out[i].raw())
      out[i].copy_from(tape_.adjoint_[node]);  // the same leaf asked for twice
  }
}

void RecordingSweep::contribute(std::uint32_t node, const Var& value) {
  Var& adjoint = tape_.recorded_adjoint_[node];
  adjoint = adjoint.defined() ? add(adjoint, value) : value;
}

std::vector<Var> RecordingSweep::run(const char* operation, const Var& result, const Var& seed,
                                     std::span<const Var> leaves) {
  tape_.find_paths(operation, result, leaves);
  tape_.check(operation, seed);
  tape_.recorded_adjoint_.assign(result.index_ + 1, Var());
  contribute(result.index_, seed);
  for (node_ = result.index_ + 1; node_-- > 0;) {
    const AnyOperation* node_operation = tape_.nodes_[node_].operation;
    if (node_operation && tape_.on_path_[node_] && tape_.recorded_adjoint_[node_].defined())
      node_operation->propagate(*this);
  }
  std::vector<Var> derivatives;
  for (const Var& leaf : leaves) {
    const bool reached = leaf.index_ <= result.index_ && tape_.recorded_adjoint_[leaf.index_].defined();
    derivatives.push_back(reached ? tape_.recorded_adjoint_[leaf.index_] : broadcast_to(tape_.scalar(0), leaf.shape()));
  }
  return derivatives;
}

}  // namespace gradus
