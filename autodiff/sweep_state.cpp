#include "autodiff/sweep_state.h"

namespace gradus {

void MemoryAccount::note(const Pool& pool, Pool::Piece piece, const Piece& holder, std::uint32_t running) {
  if (pieces.size() <= piece) pieces.resize(piece + 1);
  pieces[piece] = holder;
  if (pool.peak() <= peak) return;
  peak = pool.peak();
  peak_node = running;
  peak_pieces.clear();
  for (Pool::Piece p = 1; p < pieces.size(); ++p)
    if (pool.users(p)) peak_pieces.push_back(pieces[p]);
}

void MemoryAccount::forget() {
  pieces.clear();
  peak_pieces.clear();
  peak = 0;
  peak_node = Graph::no_node;
}

void SweepState::start(std::size_t nodes) {
  pool.reset();
  account.pieces.clear();
  if (adjoints.size() < nodes) adjoints.resize(nodes);
  for (std::size_t i = 0; i < nodes; ++i) {
    adjoints[i].piece = Pool::none;
    adjoints[i].state = Adjoint::State::none;
  }
}

Tensor SweepState::allocate(const Shape& shape, Pool::Piece& piece, std::uint32_t node, std::uint32_t running,
                            bool temporary) {
  const std::size_t bytes = static_cast<std::size_t>(shape.size()) * size_of(type);
  piece = pool.allocate(bytes);
  if (account.on) [[unlikely]]
    account.note(pool, piece, {bytes, node, temporary}, running);
  return Tensor::view(pool.memory(piece), shape, type);
}

bool SweepState::prepare(std::uint32_t node, const Shape& shape, std::uint32_t running) {
  Adjoint& adjoint = adjoints[node];
  const Adjoint::State before = adjoint.state;
  adjoint.state = Adjoint::State::owned;
  switch (before) {
    case Adjoint::State::none:
      adjoint.tensor = allocate(shape, adjoint.piece, node, running, false);
      return false;
    case Adjoint::State::bound:
      return false;
    case Adjoint::State::owned:
      return true;
    case Adjoint::State::borrowed:
      if (pool.users(adjoint.piece) == 1) return true;  // the lender is done with it
      const Pool::Piece lent = adjoint.piece;
      const Tensor mine = allocate(shape, adjoint.piece, node, running, false);
      mine.copy_from(adjoint.tensor);
      adjoint.tensor = mine;
      pool.release(lent);
      return true;
  }
  return false;
}

void SweepState::borrow(std::uint32_t node, const Tensor& tensor, Pool::Piece piece) {
  Adjoint& adjoint = adjoints[node];
  adjoint.tensor = Tensor::view(tensor.raw(), tensor.shape(), tensor.dtype());  // owns nothing
  adjoint.piece = piece;
  adjoint.state = Adjoint::State::borrowed;
  pool.retain(piece);
}

}  // namespace gradus
