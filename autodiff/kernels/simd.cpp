#include "autodiff/kernels/simd.h"

#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace gradus::simd {
namespace {

// Throws std::invalid_argument where the variable names no level.
Level asked_at_most() {
  const char* text = std::getenv("GRADUS_SIMD");
  const std::string limit = text ? text : "avx512";
  if (limit == "baseline") return Level::baseline;
  if (limit == "avx2") return Level::avx2;
  if (limit == "avx512") return Level::avx512;
  throw std::invalid_argument(fmt::format("GRADUS_SIMD={}: expected baseline, avx2 or avx512", limit));
}

}  // namespace

Level level() {
  [[maybe_unused]] const Level most = asked_at_most();
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx512 && most == Level::avx512) return Level::avx512;
  if (avx2 && most >= Level::avx2) return Level::avx2;
#endif
  return Level::baseline;
}

const char* name_of(Level level) {
  static constexpr const char* names[] = {"baseline", "avx2", "avx512"};
  return names[static_cast<int>(level)];
}

}  // namespace gradus::simd
