#include "autodiff/tensor/probe.h"

namespace gradus {

void draw(Probe probe, RandomStream& random, const Tensor& z) {
  with_floating(z.dtype(), [&]<class T>(T) {
    if (probe == Probe::gaussian) {
      for (T& x : z.elements<T>()) x = static_cast<T>(random.normal());
      return;
    }
    std::uint64_t bits = 0;
    int left = 0;
    for (T& x : z.elements<T>()) {
      if (left == 0) {
        bits = random.bits();
        left = 64;
      }
      x = bits & 1 ? T{1} : T{-1};
      bits >>= 1;
      --left;
    }
  });
}

}  // namespace gradus
