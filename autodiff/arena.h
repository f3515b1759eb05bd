// Memory handed out in order and taken back all at once.
#pragma once

#include <cstddef>
#include <vector>

#include "autodiff/tensor/memory.h"

namespace gradus {

// reset() keeps the memory: after the first round, the same sequence of requests never touches the heap.
class Arena {
 public:
  // Uninitialised memory aligned to 64 bytes, valid until reset().
  void* allocate(std::size_t bytes) {
    bytes = (bytes + 63) / 64 * 64;
    if (bytes > end_ - next_) grow(bytes);
    void* memory = current_ + next_;
    next_ += bytes;
    return memory;
  }
  void reset();
  // Bytes in use, and bytes held.
  std::size_t used() const { return full_ + next_; }
  std::size_t capacity() const;

 private:
  void grow(std::size_t bytes);
  void add_block(std::size_t bytes);

  std::vector<HeapBlock> blocks_;
  std::byte* current_ = nullptr;
  std::size_t next_ = 0, end_ = 0;  // within the current block
  std::size_t full_ = 0;            // bytes in the blocks before it
};

}  // namespace gradus
