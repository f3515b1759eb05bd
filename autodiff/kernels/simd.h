// Loops compiled once for each generation of x86-64 and chosen at run time, so that one binary runs everywhere and is fast
// where the processor allows. Elsewhere, and in debug builds, the baseline serves.
#pragma once

#define GRADUS_INLINE [[gnu::always_inline]] inline

namespace gradus::simd {

enum class Level { baseline, avx2, avx512 };

// The best level of this processor; the environment variable GRADUS_SIMD (baseline, avx2, avx512) lowers it.
Level level();

#if defined(__x86_64__) && defined(__OPTIMIZE__)
template <class Loop>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,prefer-vector-width=512"), gnu::noinline]] void run_avx512(
    const Loop& loop) {
  loop();
}
template <class Loop>
[[gnu::target("avx2,fma"), gnu::noinline]] void run_avx2(const Loop& loop) {
  loop();
}
#endif

// Runs a loop written as a lambda: simd::run([=] GRADUS_LOOP { for (...) ... });
template <class Loop>
void run(const Loop& loop) {
#if defined(__x86_64__) && defined(__OPTIMIZE__)
  static const Level best = level();
  if (best == Level::avx512) return run_avx512(loop);
  if (best == Level::avx2) return run_avx2(loop);
#endif
  loop();
}

// Marks the lambda so that it becomes part of the function compiled for the processor.
#define GRADUS_LOOP() () __attribute__((always_inline))

}  // namespace gradus::simd
