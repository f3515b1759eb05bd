#include "autodiff/curvature/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "autodiff/curvature/counted_products.h"
#include "autodiff/curvature/orthonormal_basis.h"
#include "autodiff/tensor/vectors.h"

namespace gradus {

using namespace curvature;

TraceEstimate hutchinson_trace(const LinearOperator& a, std::int64_t probes, RandomStream& random, Probe probe) {
  CountedProducts products("hutchinson_trace", a);
  if (probes < 1) throw std::invalid_argument(fmt::format("hutchinson_trace: {} probes, expected 1 or more", probes));
  const Tensor z = Tensor::uninitialized({a.size}, a.type);
  std::vector<double> w;
  RunningMean mean;
  for (std::int64_t i = 0; i < probes; ++i) {
    draw(probe, random, z);
    products.finite_times(z, w);
    mean.add(vectors::dot(z, w));
  }
  return {mean.estimate(), products.count()};
}

TraceEstimate hutch_plus_plus(const LinearOperator& a, std::int64_t products, RandomStream& random, Probe probe) {
  CountedProducts counted("hutch_plus_plus", a);
  if (products < 3)
    throw std::invalid_argument(fmt::format("hutch_plus_plus: {} products, expected 3 or more", products));
  const std::int64_t sketch = std::min(products / 3, a.size);
  const Tensor z = Tensor::uninitialized({a.size}, a.type);
  std::vector<double> w;

  OrthonormalBasis range(a.size, sketch, a.type);
  for (std::int64_t i = 0; i < sketch; ++i) {
    draw(probe, random, z);
    counted.finite_times(z, w);
    const double whole = vectors::norm(w), left = range.orthogonalize(w);
    if (left > counted.rounding() * whole) range.append(w, left);
  }
  double within = 0;
  for (std::int64_t i = 0; i < range.count(); ++i) {
    counted.finite_times(range[i], w);
    within += vectors::dot(range[i], w);
  }
  if (range.count() == a.size) return {{within, 0}, counted.count()};

  RunningMean rest;
  const Tensor g = Tensor::uninitialized({a.size}, a.type);
  while (counted.count() < products) {
    draw(probe, random, z);
    w = z.to_vector();
    range.orthogonalize(w);
    with_floating(a.type, [&]<class T>(T) {
      std::transform(w.begin(), w.end(), g.data<T>(), [](double x) { return static_cast<T>(x); });
    });
    counted.finite_times(g, w);
    rest.add(vectors::dot(g, w));
  }
  const Estimate remainder = rest.estimate();
  return {{within + remainder.value, remainder.standard_error}, counted.count()};
}

}  // namespace gradus
