#include "experiments/problems/trigonometry.h"

#include <cmath>
#include <numbers>

#include "autodiff/kernels/loops.h"

namespace gradus::problems {

// By the C library, not by a vectorised approximation: these functions are small, and exactness is what they are for.
void Sine::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate,
      [quarters = quarter_turns]<class T>(T x) -> T {
        switch (quarters) {
          case 0:
            return std::sin(x);
          case 1:
            return std::cos(x);
          case 2:
            return -std::sin(x);
          default:
            return -std::cos(x);
        }
      },
      in[0]);
}

void Turns::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate,
      []<class T>(T x, T y) -> T {
        const double angle = std::atan2(static_cast<double>(y), static_cast<double>(x)) / (2 * std::numbers::pi);
        return static_cast<T>(angle <= -0.25 ? angle + 1 : angle);
      },
      in[0], in[1]);
}

}  // namespace gradus::problems
