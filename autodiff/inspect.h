// What a tape holds, for people: names, a listing, a picture, the place of the first NaN, and where the memory went.
// docs/debugging.md shows each of them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "autodiff/tape.h"

namespace gradus {

// tape.name() for the middle of an expression: named(tanh(x), "hidden").
inline Var named(const Var& var, std::string_view text) { return var.tape().name(var, text); }

// While it lives, nodes that are recorded on the tape have its name before theirs: "encoder.0.matmul_12". Scopes nest
// and end in the reverse order. tape.reset() ends those that are open, as it ends every name.
class Scope {
 public:
  Scope(Tape& tape, std::string_view name);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  Tape& tape_;
  std::uint32_t generation_;
  NodeNames::Text outer_;
};

// One line a node: index, name, operation, operands, shape, element type, bytes, and what kind of node it is; below a
// line of titles. A node with a name of the caller's is referred to as name#index. Of a Var: the nodes it depends on,
// and itself.
std::string to_text(const Tape& tape);
std::string to_text(const Var& result);

// The same as a graph in DOT, for `dot -Tsvg`. Leaves are ellipses, views dashed, nodes of recorded derivatives grey.
// An operation's operands are numbered if there are several.
std::string to_dot(const Tape& tape);
std::string to_dot(const Var& result);

// Bytes by operation name.
struct MemoryReport {
  struct Row {
    std::string operation;  // "leaf" for leaves
    std::size_t nodes = 0;
    std::size_t values = 0;  // in the tape's memory: nothing for a view, or a leaf that refers to memory of the caller
    std::size_t adjoints = 0;  // cotangents of the operation's results, at the peak
    std::size_t scratch = 0;   // temporaries of its derivative rule, at the peak
    std::size_t total() const { return values + adjoints + scratch; }
  };
  std::vector<Row> rows;       // the largest total first
  std::size_t values = 0;      // the rows' sum
  std::size_t overhead = 0;    // the operations themselves, and alignment
  std::size_t sweep_peak = 0;  // adjoints, scratch and their alignment; 0 if no sweep was profiled since reset()
  std::string peak_node;       // the node whose rule was running then
  std::size_t inner = 0;       // of the tape on which checkpoints run
};

// Of the nodes on the tape, and of the sweep since the last reset that took most. Ask before tape.reset().
MemoryReport memory_by_operation(const Tape& tape);
std::string to_text(const MemoryReport& report);

}  // namespace gradus
