// The memory of a sweep: pieces, what is free, and what goes back to the heap.
#include "autodiff/pool.h"

#include <gtest/gtest.h>

namespace gradus {
namespace {

constexpr std::size_t unit = 256 << 10;  // larger than the smallest block

TEST(Pool, TakesTheSmallestRangeThatWillDo) {
  Pool pool;
  const Pool::Piece large = pool.allocate(4 * unit), small = pool.allocate(unit);
  const void* at_large = pool.memory(large);
  const void* at_small = pool.memory(small);
  pool.release(large), pool.release(small);
  EXPECT_EQ(pool.memory(pool.allocate(unit / 2)), at_small);
  EXPECT_EQ(pool.memory(pool.allocate(3 * unit)), at_large);
  EXPECT_EQ(pool.capacity(), 5 * unit);
}

TEST(Pool, GivesBlocksBackThatAreTooSmall) {
  Pool pool;
  const Pool::Piece first = pool.allocate(unit), second = pool.allocate(unit), kept = pool.allocate(unit);
  pool.release(first), pool.release(second);
  pool.allocate(2 * unit);  // no block is large enough: two go, one is in use
  EXPECT_EQ(pool.capacity(), 3 * unit);
  EXPECT_EQ(pool.peak(), 3 * unit);
  EXPECT_EQ(pool.users(kept), 1u);
}

TEST(Pool, HoldsAllInOneBlockAfterTheFirstRound) {
  Pool pool;
  const auto round = [&] {
    pool.reset();
    const Pool::Piece a = pool.allocate(unit), b = pool.allocate(2 * unit);
    pool.release(a);
    pool.release(pool.allocate(3 * unit));
    pool.release(b);
  };
  round();
  const std::size_t first = pool.capacity();
  EXPECT_GE(first, 5 * unit);
  round();
  const std::size_t held = pool.capacity();
  for (int i = 0; i < 3; ++i) round();
  EXPECT_EQ(pool.capacity(), held);
  EXPECT_EQ(pool.peak(), 5 * unit);
}

TEST(Pool, CountsUsersAndMergesNeighbours) {
  Pool pool;
  const Pool::Piece block = pool.allocate(4 * unit);
  pool.release(block);
  const Pool::Piece a = pool.allocate(unit), b = pool.allocate(unit), c = pool.allocate(unit);
  pool.retain(b);
  pool.release(b);
  EXPECT_EQ(pool.users(b), 1u);
  pool.release(a), pool.release(c), pool.release(b);
  pool.allocate(4 * unit);
  EXPECT_EQ(pool.capacity(), 4 * unit);
}

TEST(Pool, EachUseEndsWithItsVariable) {
  Pool pool;
  const Pool::Piece piece = pool.allocate(unit);
  Pool::Use use(pool, piece);
  {
    const Pool::Use copy = use, none;
    EXPECT_EQ(pool.users(piece), 2u);
    Pool::Use moved = std::move(use);
    EXPECT_EQ(pool.users(piece), 2u);
    use = moved;
    EXPECT_EQ(pool.users(piece), 3u);
  }
  EXPECT_EQ(pool.users(piece), 1u);
  use = {};
  EXPECT_EQ(pool.users(piece), 0u);
  EXPECT_EQ(pool.allocate(unit), piece) << "it was not given back";
}

}  // namespace
}  // namespace gradus
