// Memory whose pieces are given back one by one: the adjoints of a sweep, most of which live only shortly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "autodiff/tensor/memory.h"

namespace gradus {

// Best fit among the free ranges, neighbours merged. Pieces are counted by their users. After the first rounds, the
// same sequence of requests never touches the heap.
class Pool {
 public:
  using Piece = std::uint32_t;
  static constexpr Piece none = 0;  // memory of somebody else; retaining or releasing it does nothing

  // Uninitialised memory aligned to 64 bytes, with one user.
  Piece allocate(std::size_t bytes);
  void* memory(Piece piece) const { return pieces_[piece].memory; }
  std::uint32_t users(Piece piece) const { return piece ? pieces_[piece].users : 0; }
  void retain(Piece piece) {
    if (piece) ++pieces_[piece].users;
  }
  void release(Piece piece) {
    if (piece && --pieces_[piece].users == 0) give_back(piece);
  }
  // Takes every piece back.
  void reset();

  // A user of a piece: copies are users of their own, and with each that ends the piece is released.
  class Use {
   public:
    Use() = default;
    Use(Pool& pool, Piece piece) : pool_(&pool), piece_(piece) {}  // in the place of a user there was
    Use(const Use& other) : pool_(other.pool_), piece_(other.piece_) {
      if (pool_) pool_->retain(piece_);
    }
    Use(Use&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)), piece_(other.piece_) {}
    Use& operator=(Use other) noexcept {
      std::swap(pool_, other.pool_);
      std::swap(piece_, other.piece_);
      return *this;
    }
    ~Use() {
      if (pool_) pool_->release(piece_);
    }

   private:
    Pool* pool_ = nullptr;
    Piece piece_ = none;
  };

  // The most bytes in use at once since the last reset, and bytes held.
  std::size_t peak() const { return peak_; }
  std::size_t capacity() const { return capacity_; }

 private:
  struct Range {
    std::byte* first;
    std::size_t bytes;
  };
  struct Record {
    std::byte* memory = nullptr;
    std::size_t bytes = 0;
    std::uint32_t users = 0;
  };
  void give_back(Piece piece);
  void add_block(std::size_t bytes);
  std::vector<Range>::iterator smallest(std::size_t bytes);  // free range that holds as much; end() if none does

  std::vector<HeapBlock> blocks_;
  std::vector<Range> free_;  // by address
  std::vector<Record> pieces_ = std::vector<Record>(1);
  std::vector<Piece> unused_;                                     // records to use again
  std::size_t used_ = 0, peak_ = 0, capacity_ = 0, largest_ = 0;  // the largest capacity so far
};

}  // namespace gradus
