// Apart from sweep.cpp, since sums of contributions are recorded as operations, which are written on top of the sweeps.
#include "autodiff/operations/arithmetic.h"

namespace gradus {

void RecordingSweep::contribute(std::uint32_t node, const Var& value) {
  Var& adjoint = adjoint_[node];
  adjoint = adjoint.defined() ? add(adjoint, value) : value;
}

std::vector<Var> RecordingSweep::run(const char* operation, const Var& result, const Var& seed,
                                     std::span<const Var> leaves) {
  find_paths(operation, {&result, 1}, leaves);
  tape_.check(operation, seed);
  adjoint_.assign(result.index() + 1, Var());
  contribute(result.index(), seed);
  {
    struct RestoreOrigin {
      Graph& graph;
      std::uint32_t before;
      ~RestoreOrigin() { graph.set_origin(before); }
    } const restore{graph_, graph_.origin()};
    for (node_ = result.index() + 1; node_-- > 0;) {
      const AnyOperation* node_operation = graph_[node_].operation;
      if (!node_operation || !on_path_[node_] || !adjoint_[node_].defined()) continue;
      graph_.set_origin(node_);
      node_operation->propagate(*this);
    }
  }
  std::vector<Var> derivatives;
  for (const Var& leaf : leaves) {
    const bool reached = leaf.index() <= result.index() && adjoint_[leaf.index()].defined();
    derivatives.push_back(reached ? adjoint_[leaf.index()] : broadcast_to(tape_.scalar(0), leaf.shape()));
  }
  return derivatives;
}

}  // namespace gradus
