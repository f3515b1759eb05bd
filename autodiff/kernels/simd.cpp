#include "autodiff/kernels/simd.h"

#include <cstdlib>
#include <string_view>

namespace gradus::simd {

Level level() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const char* asked = std::getenv("GRADUS_SIMD");
  const std::string_view limit = asked ? asked : "avx512";
  if (avx512 && limit == "avx512") return Level::avx512;
  if (avx2 && limit != "baseline") return Level::avx2;
#endif
  return Level::baseline;
}

}  // namespace gradus::simd
