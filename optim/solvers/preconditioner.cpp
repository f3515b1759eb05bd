#include "optim/solvers/preconditioner.h"

#include <cmath>

#include "autodiff/kernels/fused_pass.h"
#include "autodiff/tensor/vectors.h"

namespace gradus::optim {

void DiagonalPreconditioner::solve(const Tensor& x, const Tensor& out) const {
  const auto divide = []<class T>(T) { return [](T& to, T from, T& d) { to = from / d; }; };
  update_each(out, x, divide, diagonal_);
}

void DiagonalPreconditioner::normalize(double damping, double power, double floor) {
  with_floating(diagonal_.dtype(), [&]<class T>(T) {
    double sum = 0;
    std::int64_t finite = 0;
    for (const T d : diagonal_.elements<T>())
      if (std::isfinite(d)) {
        sum += std::abs(static_cast<double>(d)) + damping;
        ++finite;
      }
    const double mean = finite > 0 ? sum / static_cast<double>(finite) : 0;
    for (T& d : diagonal_.elements<T>()) {
      const double relative = (std::abs(static_cast<double>(d)) + damping) / mean;
      d = std::isfinite(relative) ? T(std::pow(std::max(relative, floor), power)) : T{1};
    }
  });
}

void LbfgsPreconditioner::solve(const Tensor& x, const Tensor& out) const {
  out.copy_from(x);
  memory_.solve(out);
  vectors::scale(1 / memory_.scale(), out, out);
}

}  // namespace gradus::optim
