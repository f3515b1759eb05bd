#include "process/subnormals.h"

#ifdef __SSE__
#include <xmmintrin.h>
#endif

namespace gradus {

void flush_subnormals() {
#if defined(__SSE__)
  constexpr unsigned results = 0x8000, operands = 0x0040;  // "flush to zero" and "denormals are zero"
  _mm_setcsr(_mm_getcsr() | results | operands);
#elif defined(__aarch64__)
  unsigned long control;
  asm volatile("mrs %0, fpcr" : "=r"(control));
  asm volatile("msr fpcr, %0" : : "r"(control | (1ul << 24)));
#endif
}

}  // namespace gradus
