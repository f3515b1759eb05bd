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
  std::uint32_t generation_, outer_first_, outer_length_;
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

// What the tape and its sweeps call; of no use elsewhere.
class Inspector {
 public:
  explicit Inspector(const Tape& tape) : tape_(tape) {}

  void check_result(std::uint32_t node) const;
  void check_seeds(std::span<const Var> results, std::span<const Tensor> seeds) const;
  void check_contributions(std::uint32_t node) const;
  void start_sweep() const;
  // A piece of the sweep's memory, for a node's adjoint or as scratch of its rule, while the rule of `running` runs.
  void note_allocation(Pool::Piece piece, std::size_t bytes, std::uint32_t node, std::uint32_t running,
                       bool scratch) const;
  void forget() const;

  static std::uint32_t index(const Var& var) { return var.index_; }
  std::string name(std::uint32_t node) const;       // "encoder.0.hidden"
  std::string reference(std::uint32_t node) const;  // "encoder.0.hidden#12": no two nodes have the same
  const char* operation(std::uint32_t node) const;
  const char* kind(std::uint32_t node) const;  // "leaf", "copied leaf", "view", "in place", "value"
  bool is_leaf(std::uint32_t node) const { return !tape_.nodes_[node].operation; }
  bool is_view(std::uint32_t node) const;
  std::size_t bytes_on_tape(std::uint32_t node) const;
  std::uint32_t origin(std::uint32_t node) const;  // the node whose derivative rule recorded this one, or Tape::no_node
  std::span<const std::uint32_t> operands(std::uint32_t node) const;
  const Tensor& value(std::uint32_t node) const { return tape_.nodes_[node].value; }
  // Which nodes the result depends on.
  std::vector<bool> ancestors(std::uint32_t result) const;
  MemoryReport memory() const;
  static constexpr std::uint32_t none = Tape::no_node;

 private:
  std::string chosen_name(std::uint32_t node) const;
  std::string health(std::uint32_t node) const;
  std::string operands_with_health(std::uint32_t node) const;
  const Tape& tape_;
};

}  // namespace gradus
