// A growing sequence whose elements stay where they are.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace gradus {

// References to elements hold until clear(), which keeps the memory. T is default-constructible.
template <class T>
class StableVector {
 public:
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return (*chunks_[i / chunk])[i % chunk]; }
  const T& operator[](std::size_t i) const { return (*chunks_[i / chunk])[i % chunk]; }
  // One more element, as clear() left it; to be assigned.
  T& append() {
    if (size_ == chunks_.size() * chunk) chunks_.push_back(std::make_unique<std::array<T, chunk>>());
    return (*this)[size_++];
  }
  void clear() { size_ = 0; }

 private:
  static constexpr std::size_t chunk = 32;
  std::vector<std::unique_ptr<std::array<T, chunk>>> chunks_;
  std::size_t size_ = 0;
};

}  // namespace gradus
