#include "autodiff/curvature/power_iteration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

#include "autodiff/curvature/counted_products.h"
#include "autodiff/curvature/orthonormal_basis.h"
#include "autodiff/tensor/vectors.h"

namespace gradus {
namespace {

void check(const LinearOperator& a, const PowerOptions& o) {
  const auto refuse = [](const std::string& what) {
    throw std::invalid_argument(fmt::format("power_iteration: {}", what));
  };
  if (o.count < 1 || o.count > a.size) refuse(fmt::format("{} eigenvalues of an operator of size {}", o.count, a.size));
  if (!(o.tolerance > 0) || !std::isfinite(o.tolerance))
    refuse(fmt::format("tolerance {}, expected more than 0", o.tolerance));
  if (o.max_products < 1) refuse(fmt::format("at most {} products, expected 1 or more", o.max_products));
}

// Falling magnitude: of two close eigenvalues the smaller may have been found first.
void sort(EigenPairs& found, curvature::OrthonormalBasis& basis) {
  const std::size_t n = found.values.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](auto i, auto j) { return std::abs(found.values[i]) > std::abs(found.values[j]); });
  const EigenPairs old = found;
  std::vector<double> permutation(n * n);
  for (std::size_t rank = 0; rank < n; ++rank) {
    found.values[rank] = old.values[order[rank]];
    found.residuals[rank] = old.residuals[order[rank]];
    permutation[rank * n + order[rank]] = 1;
  }
  basis.combine(permutation, static_cast<std::int64_t>(n));
}

}  // namespace

EigenPairs power_iteration(const LinearOperator& a, RandomStream& random, const PowerOptions& options) {
  using namespace curvature;
  CountedProducts products("power_iteration", a);
  check(a, options);
  OrthonormalBasis basis(a.size, options.count, a.type);
  EigenPairs found;
  std::vector<double> w, rest;
  double largest = 0;  // ‖A v‖ so far, a lower bound of ‖A‖
  while (found.stopped == Stopped::converged && basis.count() < options.count) {
    basis.append_random(random);  // the pair under way is the last vector of the basis
    for (double magnitude = 0;;) {
      const Tensor v = basis[basis.count() - 1];
      if (!products.times(v, w)) {
        found.stopped = Stopped::not_finite;
        basis.drop_last();
        break;
      }
      largest = std::max(largest, vectors::norm(w));
      const double value = vectors::dot(v, w);
      rest = w;
      const double left = basis.orthogonalize(rest);  // ‖A v - λ v‖ without the part along the pairs before it
      magnitude = std::max(magnitude, std::hypot(value, left));
      const bool converged = left <= std::max(options.tolerance * magnitude, products.rounding() * largest);
      if (converged || products.count() == options.max_products) {
        with_floating(a.type, [&]<class T>(T) {
          const T* e = v.data<T>();
          for (std::size_t i = 0; i < w.size(); ++i) rest[i] = w[i] - value * static_cast<double>(e[i]);
        });
        found.values.push_back(value);
        found.residuals.push_back(vectors::norm(rest));
        if (!converged || (products.count() == options.max_products && basis.count() < options.count))
          found.stopped = Stopped::product_limit;
        break;
      }
      basis.drop_last();
      const double length = basis.orthogonalize(w);
      basis.append(w, length);
    }
  }
  sort(found, basis);
  if (options.vectors && basis.count() > 0) found.vectors = basis.first(basis.count()).clone();
  found.products = products.count();
  return found;
}

}  // namespace gradus
