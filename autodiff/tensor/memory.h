// The memory of tensors and tapes.
#pragma once

#include <cstddef>
#include <memory>

namespace gradus {

struct FreeBlock {
  std::size_t bytes = 0;
  void operator()(std::byte* memory) const;
};
using HeapBlock = std::unique_ptr<std::byte, FreeBlock>;

// Uninitialised memory aligned to 64 bytes. From 4 MiB on it is aligned to 2 MiB and asks for huge pages, where Linux
// gives them to those who ask: a pass over vectors of ten million numbers otherwise waits for the pages' addresses for
// up to two fifths of its time (tools/bench 'update/10M').
HeapBlock take_block(std::size_t bytes);

}  // namespace gradus
