#include "autodiff/tensor/memory.h"

#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace gradus {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;
constexpr bool is_large(std::size_t bytes) { return bytes >= 2 * huge_page; }
constexpr std::align_val_t alignment_of(std::size_t bytes) {
  return std::align_val_t{is_large(bytes) ? huge_page : 64};
}

}  // namespace

void FreeBlock::operator()(std::byte* memory) const { ::operator delete(memory, alignment_of(bytes)); }

HeapBlock take_block(std::size_t bytes) {
  HeapBlock block(static_cast<std::byte*>(::operator new(bytes, alignment_of(bytes))), {bytes});
#ifdef __linux__
  // Of whole pages alone, so that no more memory is used; where the system refuses, small ones do.
  if (is_large(bytes)) ::madvise(block.get(), bytes / huge_page * huge_page, MADV_HUGEPAGE);
#endif
  return block;
}

}  // namespace gradus
