#include "autodiff/tensor/memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

#include "autodiff/pool.h"
#include "autodiff/tensor/tensor.h"

namespace gradus {
namespace {

constexpr std::size_t large = std::size_t{4} << 20, huge_page = std::size_t{2} << 20;

std::uintptr_t address(const void* memory) { return reinterpret_cast<std::uintptr_t>(memory); }

// Every byte can be written, and what is freed is what was taken (sanitizers).
TEST(HeapBlock, IsAlignedForVectorsAndFromFourMebibytesOnForHugePages) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{65}, large - 1, large, large + 1, 3 * large + 12345}) {
    const HeapBlock block = take_block(bytes);
    EXPECT_EQ(address(block.get()) % (bytes < large ? 64 : huge_page), 0u) << bytes;
    std::memset(block.get(), 1, bytes);
    EXPECT_EQ(block.get_deleter().bytes, bytes);
  }
}

TEST(HeapBlock, IsWhatTensorsAndPoolsAreMadeOf) {
  const Tensor tensor = Tensor::zeros({static_cast<std::int64_t>(large)}, DType::float32);
  EXPECT_EQ(address(tensor.raw()) % huge_page, 0u);
  Pool pool;
  EXPECT_EQ(address(pool.memory(pool.allocate(large))) % huge_page, 0u);
  EXPECT_EQ(pool.capacity(), large);
}

}  // namespace
}  // namespace gradus
