#include "autodiff/curvature/diagonal.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "autodiff/curvature/counted_products.h"
#include "autodiff/tensor/probe.h"

namespace gradus {

DiagonalEstimate hutchinson_diagonal(const LinearOperator& a, std::int64_t probes, RandomStream& random) {
  curvature::CountedProducts products("hutchinson_diagonal", a);
  if (probes < 1)
    throw std::invalid_argument(fmt::format("hutchinson_diagonal: {} probes, expected 1 or more", probes));
  const Tensor z = Tensor::uninitialized({a.size}, a.type);
  const Tensor mean = Tensor::zeros({a.size}, DType::float64), squares = Tensor::zeros({a.size}, DType::float64);
  double *m = mean.data<double>(),
         *s = squares.data<double>();  // Welford's mean and sum of squares, element by element
  std::vector<double> w;
  for (std::int64_t probe = 1; probe <= probes; ++probe) {
    draw(Probe::rademacher, random, z);
    products.finite_times(z, w);
    with_floating(a.type, [&]<class T>(T) {
      const T* sign = z.data<T>();
      for (std::int64_t i = 0; i < a.size; ++i) {
        const double x = static_cast<double>(sign[i]) * w[static_cast<std::size_t>(i)], before = x - m[i];
        m[i] += before / static_cast<double>(probe);
        s[i] += before * (x - m[i]);
      }
    });
  }
  const auto n = static_cast<double>(probes);
  for (double& x : squares.elements<double>())
    x = probes > 1 ? std::sqrt(x / (n - 1) / n) : std::numeric_limits<double>::quiet_NaN();
  return {mean, squares, products.count()};
}

}  // namespace gradus
