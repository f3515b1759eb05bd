#include "autodiff/sweep.h"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/finite_check.h"
#include "autodiff/kernels/loops.h"

namespace gradus {

void RunningRule::find_paths(const char* operation, std::span<const Var> results, std::span<const Var> leaves) {
  std::uint32_t last = 0;
  for (const Var& result : results) {
    tape_.check(operation, result);
    last = std::max(last, result.index());
  }
  on_path_.assign(last + 1, 0);
  for (const Var& leaf : leaves) {
    tape_.check(operation, leaf);
    if (leaf.index() <= last) on_path_[leaf.index()] = 1;
  }
  std::uint8_t* const on_path = on_path_.data();
  for (std::uint32_t node = 0; node <= last; ++node)
    for (const std::uint32_t operand : graph_.operands(node)) on_path[node] |= on_path[operand];
}

EagerValue EagerSweep::temporary(const Shape& shape) {
  EagerValue value{nullptr, this};
  value.own = state_.allocate(shape, value.piece, node_, node_, true);
  value.use = Pool::Use(state_.pool, value.piece);
  return value;
}

bool EagerSweep::take_over(std::uint32_t node, Inputs operands) {
  if (adjoint(node).state != Adjoint::State::none || tape_.checks_finite()) return false;
  return (last_sweep_ && take_over_value(graph_, node, adjoint(node), operands)) ||
         take_over_dy(adjoint(node_), state_.pool, graph_[node].value.shape(), adjoint(node), operands);
}

void EagerSweep::contribute(std::uint32_t node, const EagerValue& value, bool) {
  if (adjoint(node).state == Adjoint::State::none) {
    state_.borrow(node, value.tensor(), value.piece);
    return;
  }
  const bool accumulate = prepare(node);
  kernels::copy(adjoint(node).tensor, accumulate, value.tensor());
}

void EagerSweep::start(const char* operation, std::span<const Var> results, std::span<const Var> leaves) {
  find_paths(operation, results, leaves);
  state_.start(graph_.size());
}

void EagerSweep::sweep_back(std::span<const Var> results, std::span<const Tensor> seeds, const Visitor* visitor) {
  std::uint32_t last = 0;
  node_ = Graph::no_node;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::uint32_t node = results[i].index();
    if (tape_.checks_finite()) check_cotangent(graph_, node, seeds[i]);
    last = std::max(last, node + 1);
    if (on_path_[node]) contribute(node, {&seeds[i], this}, false);
  }
  for (node_ = last; node_-- > 0;) {
    const AnyOperation* node_operation = graph_[node_].operation;
    if (!node_operation || !on_path_[node_] || !adjoint(node_).has_contribution()) continue;
    if (visitor) (*visitor)(*this);
    node_operation->propagate(*this);
    if (tape_.checks_finite()) [[unlikely]]
      check_contributions(graph_, state_, node_);
    state_.pool.release(adjoint(node_).piece);
  }
}

void EagerSweep::run(const char* operation, std::span<const Var> results, std::span<const Tensor> seeds,
                     std::span<const Var> leaves, std::span<const Tensor> out) {
  start(operation, results, leaves);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (out[i].shape() != leaves[i].shape() || out[i].dtype() != tape_.dtype())
      throw std::invalid_argument(fmt::format("{}: destination {} of {} for a derivative of shape {} of {}", operation,
                                              out[i].shape().to_string(), name_of(out[i].dtype()),
                                              leaves[i].shape().to_string(), name_of(tape_.dtype())));
    adjoint(leaves[i].index()) = {Tensor::view(out[i].raw(), out[i].shape(), out[i].dtype()), Pool::none,
                                  Adjoint::State::bound};
  }
  sweep_back(results, seeds, nullptr);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const Adjoint& of_leaf = adjoint(leaves[i].index());
    if (of_leaf.state == Adjoint::State::bound)
      out[i].fill(0);
    else if (of_leaf.tensor.raw() != out[i].raw())
      out[i].copy_from(of_leaf.tensor);  // the same leaf asked for twice
  }
}

void EagerSweep::visit_uses(
    const char* operation, const Var& result, const Tensor& seed, std::span<const Var> leaves,
    const std::function<void(std::size_t leaf, const AnyOperation&, int operand, Inputs in, const Tensor& dy)>& use) {
  start(operation, {&result, 1}, leaves);
  for (const Var& leaf : leaves)  // their own derivatives are not wanted
    if (leaf.index() < on_path_.size()) on_path_[leaf.index()] = 0;
  std::vector<const Tensor*> in;
  const Visitor visitor = [&](EagerSweep& sweep) {
    in.clear();
    for (int i = 0; i < sweep.count(); ++i) in.push_back(&graph_[operand(i)].value);
    for (int i = 0; i < sweep.count(); ++i)
      for (std::size_t leaf = 0; leaf < leaves.size(); ++leaf)
        if (leaves[leaf].index() == operand(i))
          use(leaf, *graph_[node_].operation, i, Inputs{in.data(), sweep.count()}, adjoint(node_).tensor);
  };
  sweep_back({&result, 1}, {&seed, 1}, &visitor);
}

}  // namespace gradus
