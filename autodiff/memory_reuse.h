// Memory reuse: when a number may be written over another, and who owns the memory of an adjoint.
//
// Going forward, a value stays in the tape's memory until reset(), since a derivative rule may read it. The caller can
// give one up: in relu(last_use(y)) the result is written over y, if
//   - relu's kernel may write over an operand of the result's shape (Operation::may_overwrite), and no rule needs y:
//     neither that of relu nor that of the operation that made y reads it (rule_reads);
//   - nothing else has used y, and it is the result of an operation, not a leaf, whose memory is the caller's. Of a
//     view the same holds for the result that it is a view of.
// Tape::protect(y) counts as a use. What was overwritten keeps its shape and its derivative; reading it throws.
//
// Going back, each node's adjoint is a sum of contributions, and where it lies depends on the first of them:
//   - bound: the caller gave the memory (the gradient's place), and the first contribution is written there;
//   - borrowed: the first contribution is a tensor that exists already, such as dy for both operands of a sum. It is
//     referred to, and copied only if a second contribution comes while somebody else still uses it;
//   - owned: it lies in memory of its own, a piece of the sweep's pool, or in that of something that is not needed any
//     more. The last line of an element-wise rule (to_last) may be written over dy, and in the last sweep over a record
//     (last_gradient) over the operand's value, under the conditions above.
// A rule's temporaries belong to the C++ values that refer to them (EagerValue) and are given back with the last one.
#pragma once

#include "autodiff/graph.h"
#include "autodiff/pool.h"

namespace gradus {

// The adjoint of a node during an eager sweep.
struct Adjoint {
  enum class State : std::uint8_t { none, bound, borrowed, owned };
  Tensor tensor;
  Pool::Piece piece = Pool::none;  // in which it lies, counted as a user of it
  State state = State::none;
  bool has_contribution() const { return state == State::borrowed || state == State::owned; }
};

// Whether nobody needs a node's memory but the operation that is being recorded, or the sweep that asks; if so, marks
// it as overwritten.
bool give_away(Graph& graph, std::uint32_t node);

// Make the memory of a node's value, or of the dy of the running rule, that of the node's first contribution, if
// nothing else needs it. A kernel that reads `operands` and works element by element then writes there.
bool take_over_value(Graph& graph, std::uint32_t node, Adjoint& adjoint, Inputs operands);
bool take_over_dy(Adjoint& dy, const Pool& pool, const Shape& shape, Adjoint& adjoint, Inputs operands);

}  // namespace gradus
