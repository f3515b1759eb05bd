#include "autodiff/arena.h"

#include <algorithm>

namespace gradus {

void Arena::add_block(std::size_t bytes) {
  blocks_.push_back(take_block(bytes));
  current_ = blocks_.back().get();
  next_ = 0;
  end_ = bytes;
}

void Arena::grow(std::size_t bytes) {
  full_ += next_;
  add_block(std::max({bytes, std::size_t{64} << 10, capacity()}));
}

void Arena::reset() {
  if (blocks_.size() > 1) {  // one block as large as all: the next round finds its memory in one piece
    const std::size_t bytes = capacity();
    blocks_.clear();
    add_block(bytes);
  }
  next_ = full_ = 0;
}

std::size_t Arena::capacity() const {
  std::size_t bytes = 0;
  for (const HeapBlock& block : blocks_) bytes += block.get_deleter().bytes;
  return bytes;
}

}  // namespace gradus
