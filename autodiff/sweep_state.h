// What an eager sweep keeps about the nodes on its way. The tape holds it, so that the next sweep finds the memory.
#pragma once

#include <vector>

#include "autodiff/memory_reuse.h"

namespace gradus {

// Who holds the sweep's memory when it holds most, for memory_by_operation() in autodiff/inspect.h.
struct MemoryAccount {
  struct Piece {
    std::size_t bytes;
    std::uint32_t node;  // for its adjoint, or as a temporary of its rule
    bool temporary;
  };
  bool on = false;
  std::vector<Piece> pieces;  // of the running sweep, by the pool's number
  std::vector<Piece> peak_pieces;
  std::size_t peak = 0;
  std::uint32_t peak_node = Graph::no_node;  // whose rule was running

  void note(const Pool& pool, Pool::Piece piece, const Piece& holder, std::uint32_t running);
  void forget();
};

struct SweepState {
  explicit SweepState(DType element_type) : type(element_type) {}

  // Before a sweep over that many nodes.
  void start(std::size_t nodes);
  // A piece of the pool for a node's adjoint, or for a temporary of its rule, while the rule of `running` runs.
  Tensor allocate(const Shape& shape, Pool::Piece& piece, std::uint32_t node, std::uint32_t running, bool temporary);
  // Gives the adjoint of a node memory to write to, and tells whether it already holds something to add onto.
  bool prepare(std::uint32_t node, const Shape& shape, std::uint32_t running);
  // Makes a tensor that exists already the first contribution to a node.
  void borrow(std::uint32_t node, const Tensor& tensor, Pool::Piece piece);

  DType type;
  Pool pool;
  std::vector<std::uint8_t> on_path;  // by node: 1 if it lies between the leaves and the results
  std::vector<Adjoint> adjoints;      // by node
  MemoryAccount account;
};

}  // namespace gradus
