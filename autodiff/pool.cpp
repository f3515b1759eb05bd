#include "autodiff/pool.h"

#include <algorithm>

namespace gradus {

// Blocks that are free as a whole were too small, and are given back first.
void Pool::add_block(std::size_t bytes) {
  std::erase_if(blocks_, [this](const HeapBlock& block) {
    const std::size_t held = block.get_deleter().bytes;
    const auto range = std::ranges::lower_bound(free_, block.get(), {}, &Range::first);
    if (range == free_.end() || range->first != block.get() || range->bytes != held) return false;
    capacity_ -= held;
    free_.erase(range);
    return true;
  });
  blocks_.push_back(take_block(bytes));
  std::byte* const memory = blocks_.back().get();
  capacity_ += bytes;
  largest_ = std::max(largest_, capacity_);
  const auto place = std::ranges::upper_bound(free_, memory, {}, &Range::first);
  free_.insert(place, {memory, bytes});
}

// Taking the smallest range that will do keeps the large ones whole.
std::vector<Pool::Range>::iterator Pool::smallest(std::size_t bytes) {
  auto best = free_.end();
  for (auto range = free_.begin(); range != free_.end(); ++range)
    if (range->bytes >= bytes && (best == free_.end() || range->bytes < best->bytes)) best = range;
  return best;
}

Pool::Piece Pool::allocate(std::size_t bytes) {
  bytes = std::max<std::size_t>((bytes + 63) / 64 * 64, 64);
  auto range = smallest(bytes);
  if (range == free_.end()) {
    add_block(std::max(bytes, std::size_t{64} << 10));
    range = smallest(bytes);
  }
  Piece piece;
  if (unused_.empty()) {
    piece = static_cast<Piece>(pieces_.size());
    pieces_.emplace_back();
  } else {
    piece = unused_.back();
    unused_.pop_back();
  }
  pieces_[piece] = {range->first, bytes, 1};
  range->first += bytes;
  range->bytes -= bytes;
  if (range->bytes == 0) free_.erase(range);
  used_ += bytes;
  peak_ = std::max(peak_, used_);
  return piece;
}

void Pool::give_back(Piece piece) {
  const auto [memory, bytes, users] = pieces_[piece];
  used_ -= bytes;
  unused_.push_back(piece);
  const auto next = std::ranges::upper_bound(free_, memory, {}, &Range::first);
  const bool joins_next = next != free_.end() && memory + bytes == next->first;
  const bool joins_previous = next != free_.begin() && std::prev(next)->first + std::prev(next)->bytes == memory;
  if (joins_previous) {
    std::prev(next)->bytes += bytes;
    if (joins_next) {
      std::prev(next)->bytes += next->bytes;
      free_.erase(next);
    }
  } else if (joins_next) {
    next->first = memory;
    next->bytes += bytes;
  } else {
    free_.insert(next, {memory, bytes});
  }
}

void Pool::reset() {
  const bool one_block = blocks_.size() <= 1 && capacity_ == largest_;
  if (one_block && used_ == 0) {
    peak_ = 0;
    return;
  }
  free_.clear();
  unused_.clear();
  pieces_.resize(1);
  used_ = peak_ = 0;
  if (one_block) {
    free_.push_back({blocks_[0].get(), capacity_});
    return;
  }
  // One block as large as all that there ever were at once, so that the next round finds its memory in one piece.
  blocks_.clear();
  capacity_ = 0;
  add_block(largest_);
}

}  // namespace gradus
