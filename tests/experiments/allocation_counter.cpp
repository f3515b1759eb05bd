#include "tests/experiments/allocation_counter.h"

#include <link.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

std::atomic<std::int64_t> ours{0}, onednn{0};

// The addresses at which libdnnl is loaded; empty where it is not linked.
struct Range {
  std::uintptr_t first = 0, last = 0;
};
Range find_onednn() {
  Range range;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* found) {
        if (!std::strstr(info->dlpi_name, "libdnnl")) return 0;
        auto& r = *static_cast<Range*>(found);
        r.first = info->dlpi_addr;
        for (int i = 0; i < info->dlpi_phnum; ++i)
          if (info->dlpi_phdr[i].p_type == PT_LOAD)
            r.last = std::max(r.last, info->dlpi_addr + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz);
        return 1;
      },
      &range);
  return range;
}
const Range onednn_range = find_onednn();

void count(const void* caller) {
  const auto address = reinterpret_cast<std::uintptr_t>(caller);
  ++(address >= onednn_range.first && address < onednn_range.last ? onednn : ours);
}

}  // namespace

gradus::lab::Allocations gradus::lab::allocations() { return {ours, onednn}; }

// glibc's own functions, under its public ones; a sanitizer has others and must keep them.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t bytes) {
  count(__builtin_return_address(0));
  return __libc_malloc(bytes);
}
void* calloc(std::size_t n, std::size_t bytes) {
  count(__builtin_return_address(0));
  return __libc_calloc(n, bytes);
}
void* realloc(void* memory, std::size_t bytes) {
  count(__builtin_return_address(0));
  return __libc_realloc(memory, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  count(__builtin_return_address(0));
  return __libc_memalign(alignment, bytes);
}
void* memalign(std::size_t alignment, std::size_t bytes) {
  count(__builtin_return_address(0));
  return __libc_memalign(alignment, bytes);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
  count(__builtin_return_address(0));
  *memory = __libc_memalign(alignment, bytes);
  return *memory ? 0 : 12;  // ENOMEM
}
}
#else
static void* __libc_malloc(std::size_t bytes) { return std::malloc(bytes); }
static void* __libc_memalign(std::size_t alignment, std::size_t bytes) { return std::aligned_alloc(alignment, bytes); }
#endif

// Every form of new ends in these three; the sanitizers' own would not, which then miss the partner of delete.
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  count(__builtin_return_address(0));
  return __libc_malloc(bytes ? bytes : 1);
}
void* operator new(std::size_t bytes) {
  count(__builtin_return_address(0));
  if (void* memory = __libc_malloc(bytes ? bytes : 1)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  count(__builtin_return_address(0));
  const auto a = static_cast<std::size_t>(alignment);
  if (void* memory = __libc_memalign(a, (bytes + a - 1) / a * a)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
