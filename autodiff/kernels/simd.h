// Loops compiled once for each generation of x86-64 and chosen at run time, so that one binary runs everywhere and is
// fast where the processor allows. Elsewhere, in debug builds and under sanitizers, the baseline serves.
#pragma once

#define GRADUS_INLINE [[gnu::always_inline]] inline

namespace gradus::simd {

enum class Level { baseline, avx2, avx512 };

// The best level of this processor; the environment variable GRADUS_SIMD (baseline, avx2, avx512) lowers it.
Level level();
const char* name_of(Level level);

#if defined(__x86_64__) && defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
#define GRADUS_SIMD_LEVELS
#endif

namespace detail {
// `bytes`: of a vector register, for loops that hold vectors by hand.
template <int bytes, class Loop>
GRADUS_INLINE void call(const Loop& loop) {
  if constexpr (requires { loop.template operator()<bytes>(); })
    loop.template operator()<bytes>();
  else
    loop();
}
}  // namespace detail

#ifdef GRADUS_SIMD_LEVELS
template <class Loop>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,prefer-vector-width=512"), gnu::noinline]] void run_avx512(
    const Loop& loop) {
  detail::call<64>(loop);
}
template <class Loop>
[[gnu::target("avx2,fma"), gnu::noinline]] void run_avx2(const Loop& loop) {
  detail::call<32>(loop);
}
#endif

// Runs a loop written as a lambda: simd::run([=] GRADUS_LOOP { for (...) ... });
template <class Loop>
void run(const Loop& loop) {
#ifdef GRADUS_SIMD_LEVELS
  static const Level best = level();
  if (best == Level::avx512) return run_avx512(loop);
  if (best == Level::avx2) return run_avx2(loop);
#endif
  detail::call<16>(loop);
}

// Runs a loop that is only ever reached at Level::avx512, and so is compiled for nothing else.
template <class Loop>
void run_at_avx512(const Loop& loop) {
#ifdef GRADUS_SIMD_LEVELS
  run_avx512(loop);
#else
  detail::call<16>(loop);
#endif
}

// Marks the lambda so that it becomes part of the function compiled for the processor.
#define GRADUS_LOOP() () __attribute__((always_inline))
// The same, told the bytes of a vector register: Lanes<T, width, bytes>.
#define GRADUS_VECTOR_LOOP() <int bytes>() __attribute__((always_inline))

}  // namespace gradus::simd
