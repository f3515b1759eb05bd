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
// gives them to those who ask: otherwise a pass over vectors of ten million numbers waits for the addresses of
// pages (tools/bench 'update/10M' --against a build without it).
HeapBlock take_block(std::size_t bytes);

}  // namespace gradus
