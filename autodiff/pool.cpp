#include "autodiff/pool.h"

#include <algorithm>
#include <new>

namespace gradus {

void Pool::Free::operator()(std::byte* memory) const { ::operator delete(memory, std::align_val_t{64}); }

void Pool::add_block(std::size_t bytes) {
  auto* memory = static_cast<std::byte*>(::operator new(bytes, std::align_val_t{64}));
  blocks_.emplace_back(memory);
  capacity_ += bytes;
  const auto place = std::ranges::upper_bound(free_, memory, {}, &Range::first);
  free_.insert(place, {memory, bytes});
}

Pool::Piece Pool::allocate(std::size_t bytes) {
  bytes = std::max<std::size_t>((bytes + 63) / 64 * 64, 64);
  auto range = std::ranges::find_if(free_, [bytes](const Range& r) { return r.bytes >= bytes; });
  if (range == free_.end()) {
    add_block(std::max(bytes, std::size_t{64} << 10));
    range = std::ranges::find_if(free_, [bytes](const Range& r) { return r.bytes >= bytes; });
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
  range->first += bytes, range->bytes -= bytes;
  if (range->bytes == 0) free_.erase(range);
  used_ += bytes, peak_ = std::max(peak_, used_);
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
    if (joins_next) std::prev(next)->bytes += next->bytes, free_.erase(next);
  } else if (joins_next) {
    next->first = memory, next->bytes += bytes;
  } else {
    free_.insert(next, {memory, bytes});
  }
}

void Pool::reset() {
  const bool all_free = used_ == 0 && blocks_.size() == free_.size();
  if (blocks_.size() <= 1 && all_free) {
    peak_ = 0;
    return;
  }
  // One block as large as all, so that the next round finds its memory in one piece.
  const std::size_t bytes = capacity_;
  free_.clear(), unused_.clear(), pieces_.resize(1);
  if (blocks_.size() > 1) {
    blocks_.clear();
    capacity_ = 0;
    add_block(bytes);
  } else if (!blocks_.empty()) {
    free_.push_back({blocks_[0].get(), bytes});
  }
  used_ = peak_ = 0;
}

}  // namespace gradus
