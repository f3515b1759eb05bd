// The search for the first number that is not finite (Tape::check_finite). Each throws std::runtime_error with one
// line.
#pragma once

#include "autodiff/sweep_state.h"

namespace gradus {

// A node that was just recorded.
void check_result(const Graph& graph, std::uint32_t node);
// The cotangent that a sweep starts with at a node.
void check_cotangent(const Graph& graph, std::uint32_t node, const Tensor& cotangent);
// The adjoints of a node's operands, after its rule.
void check_contributions(const Graph& graph, const SweepState& state, std::uint32_t node);

}  // namespace gradus
