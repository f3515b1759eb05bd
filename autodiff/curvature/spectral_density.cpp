#include "autodiff/curvature/spectral_density.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <string>

#include "autodiff/curvature/counted_products.h"
#include "autodiff/curvature/orthonormal_basis.h"
#include "autodiff/tensor/small_eigen.h"
#include "autodiff/tensor/vectors.h"

namespace gradus {
namespace {

using namespace curvature;

// Gauss quadrature for the spectral measure of z, which is the only vector of the basis (Golub & Welsch 1969).
Quadrature quadrature(CountedProducts& products, OrthonormalBasis& basis) {
  std::vector<double> diagonal, beside, w, coefficients;
  for (double largest = 0;;) {
    products.finite_times(basis[basis.count() - 1], w);
    largest = std::max(largest, vectors::norm(w));
    const double left = basis.orthogonalize(w, &coefficients);
    diagonal.push_back(coefficients.back());
    if (basis.count() == basis.capacity() || left <= products.rounding() * largest) break;
    beside.push_back(left);
    basis.append(w, left);
  }
  SmallEigen ritz = tridiagonal_eigen(diagonal, beside);
  Quadrature result{.nodes = std::move(ritz.values), .weights = {}};
  for (std::size_t i = 0; i < result.nodes.size(); ++i) {
    const double first = ritz.vectors[i * result.nodes.size()];
    result.weights.push_back(first * first);
  }
  return result;
}

}  // namespace

SpectralDensity spectral_density(const LinearOperator& a, RandomStream& random, const SpectralOptions& options) {
  CountedProducts products("spectral_density", a);
  if (options.probes < 1 || options.steps < 1)
    throw std::invalid_argument(fmt::format("spectral_density: {} probes of {} steps, expected 1 or more of each",
                                            options.probes, options.steps));
  const Tensor z = Tensor::uninitialized({a.size}, a.type);
  SpectralDensity result{.size = a.size, .probes = {}, .products = 0};
  OrthonormalBasis basis(a.size, std::min(options.steps, a.size), a.type);
  for (std::int64_t i = 0; i < options.probes; ++i) {
    draw(options.probe, random, z);
    const std::vector<double> start = z.to_vector();
    basis.clear();
    basis.append(start, vectors::norm(start));
    result.probes.push_back(quadrature(products, basis));
  }
  result.products = products.count();
  return result;
}

Estimate SpectralDensity::mean(const std::function<double(double)>& f) const {
  RunningMean over_probes;
  for (const Quadrature& probe : probes) {
    double sum = 0;
    for (std::size_t i = 0; i < probe.nodes.size(); ++i) sum += probe.weights[i] * f(probe.nodes[i]);
    over_probes.add(sum);
  }
  return over_probes.estimate();
}

Estimate SpectralDensity::moment(int power) const {
  if (power < 0) throw std::invalid_argument(fmt::format("moment: power {}, expected 0 or more", power));
  return mean([power](double x) { return std::pow(x, power); });
}

Estimate SpectralDensity::fraction_below(double x) const {
  return mean([x](double node) { return node < x ? 1.0 : 0.0; });
}

DensityCurve SpectralDensity::density(std::span<const double> grid, double width) const {
  if (!(width > 0) || !std::isfinite(width))
    throw std::invalid_argument(fmt::format("density: kernel of width {}, expected more than 0", width));
  DensityCurve curve;
  const double height = 1 / (width * std::sqrt(2 * std::numbers::pi));
  for (const double t : grid) {
    const Estimate here = mean([=](double node) {
      const double z = (t - node) / width;
      return height * std::exp(-z * z / 2);
    });
    curve.at.push_back(t);
    curve.value.push_back(here.value);
    curve.standard_error.push_back(here.standard_error);
  }
  return curve;
}

std::vector<double> SpectralDensity::grid(std::int64_t points, double width) const {
  if (points < 2 || probes.empty())
    throw std::invalid_argument(
        fmt::format("grid: {} points over {} probes, expected 2 or more over 1 or more", points, probes.size()));
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const Quadrature& probe : probes) {
    low = std::min(low, probe.nodes.front());
    high = std::max(high, probe.nodes.back());
  }
  low -= 4 * width;
  high += 4 * width;
  std::vector<double> values;
  for (std::int64_t i = 0; i < points; ++i)
    values.push_back(low + (high - low) * static_cast<double>(i) / static_cast<double>(points - 1));
  return values;
}

}  // namespace gradus
