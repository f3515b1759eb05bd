#include "autodiff/memory_reuse.h"

namespace gradus {
namespace {

// Whether operands that lie in a tensor's memory are that tensor, element by element.
bool none_overlaps_otherwise(const Tensor& memory, Inputs operands) {
  const auto* first = static_cast<const std::byte*>(memory.raw());
  for (int i = 0; i < operands.count; ++i) {
    const Tensor& operand = operands[i];
    const auto* begin = static_cast<const std::byte*>(operand.raw());
    const bool apart = begin >= first + memory.bytes() || begin + operand.bytes() <= first;
    if (!apart && (begin != first || operand.size() != memory.size())) return false;
  }
  return true;
}

}  // namespace

bool give_away(Graph& graph, std::uint32_t node) {
  // Through views down to the result that owns the memory. Each must have one use: the view of it, or the operation.
  std::uint32_t owner = node;
  for (;;) {
    const Graph::Node& n = graph[owner];
    if (!n.operation || n.uses != 1 || n.overwritten) return false;
    if (!n.operation->shares_memory()) break;
    const std::uint32_t whole = graph.operand(owner, 0);
    if (graph[whole].value.size() != n.value.size()) return false;
    owner = whole;
  }
  const Reads reads = graph[owner].operation->rule_reads_what();
  if (reads == Reads::everything || reads == Reads::result) return false;
  for (; node != owner; node = graph.operand(node, 0)) graph[node].overwritten = true;
  graph[owner].overwritten = true;
  return true;
}

bool take_over_value(Graph& graph, std::uint32_t node, Adjoint& adjoint, Inputs operands) {
  const Tensor& value = graph[node].value;
  if (!none_overlaps_otherwise(value, operands) || !give_away(graph, node)) return false;
  adjoint = {Tensor::view(value.raw(), value.shape(), value.dtype()), Pool::none, Adjoint::State::owned};
  return true;
}

bool take_over_dy(Adjoint& dy, const Pool& pool, const Shape& shape, Adjoint& adjoint, Inputs operands) {
  if (pool.users(dy.piece) != 1 || dy.tensor.size() != shape.size() || !none_overlaps_otherwise(dy.tensor, operands))
    return false;
  adjoint = {Tensor::view(dy.tensor.raw(), shape, dy.tensor.dtype()), dy.piece, Adjoint::State::owned};
  dy.piece = Pool::none;
  return true;
}

}  // namespace gradus
