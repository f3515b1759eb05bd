#include "autodiff/arena.h"

#include <algorithm>
#include <new>

namespace gradus {

void Arena::Free::operator()(std::byte* memory) const { ::operator delete (memory, std::align_val_t{64}); }

void Arena::add_block(std::size_t bytes) {
  current_ = static_cast<std::byte*>(::operator new (bytes, std::align_val_t{64}));
  blocks_.push_back({std::unique_ptr<std::byte, Free>(current_), bytes});
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
  for (const Block& block : blocks_) bytes += block.bytes;
  return bytes;
}

}  // namespace gradus
