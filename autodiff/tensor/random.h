// Counter-based random numbers: a number is a pure function of (key, counter), so streams never disturb one another and
// a checkpoint holds counters only. Philox4x32-10 of Salmon, Moraes, Dror & Shaw (2011), "Parallel random numbers: as
// easy as 1, 2, 3".
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string_view>
#include <utility>
#include <vector>

namespace gradus {

// The block of four words that belongs to a key and a 128-bit counter.
constexpr std::array<std::uint32_t, 4> philox(std::uint64_t key, std::uint64_t counter_low,
                                              std::uint64_t counter_high) {
  std::array<std::uint32_t, 4> x{static_cast<std::uint32_t>(counter_low), static_cast<std::uint32_t>(counter_low >> 32),
                                 static_cast<std::uint32_t>(counter_high),
                                 static_cast<std::uint32_t>(counter_high >> 32)};
  std::uint32_t k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53} * x[0], p1 = std::uint64_t{0xCD9E8D57} * x[2];
    x = {static_cast<std::uint32_t>(p1 >> 32) ^ x[1] ^ k0, static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ x[3] ^ k1, static_cast<std::uint32_t>(p0)};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return x;
}

// An independent sequence of random numbers, named by its purpose. Copyable; a copy replays what follows.
class RandomStream {
 public:
  // Streams of different (seed, purpose, index) are independent; `index` is for instance the epoch.
  explicit RandomStream(std::uint64_t seed, std::string_view purpose = {}, std::uint64_t index = 0) : high_(index) {
    std::uint64_t hash = 0xCBF29CE484222325u;  // FNV-1a of the purpose
    for (const char c : purpose) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    const auto mixed = philox(seed, hash, 0);
    key_ = mixed[0] | std::uint64_t{mixed[1]} << 32;
  }

  // A stream of its own for a part of this one's purpose.
  RandomStream child(std::string_view purpose, std::uint64_t index = 0) const {
    return RandomStream(key_ ^ (high_ * 0x9E3779B97F4A7C15u), purpose, index);
  }

  std::uint64_t key() const { return key_; }
  std::uint64_t counter() const { return counter_; }

  // 64 uniform bits.
  std::uint64_t bits() {
    const std::uint64_t block = counter_ >> 1, half = counter_ & 1;
    if (!cached_ || block != cached_block_) {
      cache_ = philox(key_, block, high_);
      cached_block_ = block;
      cached_ = true;
    }
    ++counter_;
    return half ? cache_[2] | std::uint64_t{cache_[3]} << 32 : cache_[0] | std::uint64_t{cache_[1]} << 32;
  }
  // Uniform in [0, 1).
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  // Standard normal, by Box & Muller (1958).
  double normal() {
    const double radius = std::sqrt(-2 * std::log1p(-uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }
  // Uniform in {0, ..., n - 1}, n > 0, without bias (Lemire 2019).
  std::uint64_t below(std::uint64_t n) {
    __extension__ using wide = unsigned __int128;
    wide product = static_cast<wide>(bits()) * n;
    if (static_cast<std::uint64_t>(product) < n)
      for (const std::uint64_t threshold = -n % n; static_cast<std::uint64_t>(product) < threshold;)
        product = static_cast<wide>(bits()) * n;
    return static_cast<std::uint64_t>(product >> 64);
  }
  // A uniformly random order (Fisher & Yates).
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t key_ = 0, high_ = 0, counter_ = 0, cached_block_ = 0;
  std::array<std::uint32_t, 4> cache_{};
  bool cached_ = false;
};

}  // namespace gradus
