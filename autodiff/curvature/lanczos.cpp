#include "autodiff/curvature/lanczos.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>

#include "autodiff/curvature/counted_products.h"
#include "autodiff/curvature/orthonormal_basis.h"
#include "autodiff/tensor/small_eigen.h"
#include "autodiff/tensor/vectors.h"

namespace gradus {
namespace {

using namespace curvature;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

std::int64_t basis_size(const LinearOperator& a, const LanczosOptions& o) {
  const auto refuse = [](const std::string& what) { throw std::invalid_argument(fmt::format("lanczos: {}", what)); };
  if (o.count < 1 || o.count > a.size) refuse(fmt::format("{} eigenvalues of an operator of size {}", o.count, a.size));
  if (!(o.tolerance > 0) || !std::isfinite(o.tolerance))
    refuse(fmt::format("tolerance {}, expected more than 0", o.tolerance));
  if (o.max_products / 2 < o.count)
    refuse(
        fmt::format("at most {} products for {} eigenvalues, expected two for each or more", o.max_products, o.count));
  const std::int64_t least = std::min(a.size, o.count + 2);
  if (o.start.defined() && o.start.shape() != Shape{a.size})
    refuse(fmt::format("a start {}, expected [{}]", o.start.shape().to_string(), a.size));
  if (o.basis != 0 && o.basis < least)
    refuse(fmt::format("a basis of {} vectors, expected {} or more", o.basis, least));
  return std::min(a.size, o.basis != 0 ? o.basis : 2 * o.count + 20);
}

class Search {
 public:
  Search(const LinearOperator& a, RandomStream& random, const LanczosOptions& options)
      : products_("lanczos", a),
        random_(random),
        o_(options),
        size_(a.size),
        capacity_(basis_size(a, options)),
        basis_(size_, capacity_, a.type),
        projected_(at(capacity_ * capacity_)) {}

  EigenPairs run() {
    const bool rounds = o_.repeated && o_.count > 1;
    begin();
    for (std::int64_t next_check = o_.count;;) {
      if (!expand()) return not_finite();
      const std::int64_t columns = basis_.count();
      const bool whole = columns == size_, closed = whole || beside_ <= floor(), full = columns == capacity_;
      const bool last = products_.count() == o_.max_products - o_.count;
      if (!closed && !full && !last && columns < next_check) {
        basis_.append(w_, beside_);
        continue;
      }

      decompose(closed);
      const bool settled = all_settled(), same = round_ > 0 && settled && unchanged();
      if (whole || (settled && !rounds) || (same && next_settled()))
        return result(whole || (closed && !approximate_) ? Stopped::invariant_subspace : Stopped::converged);
      if (last) return result(Stopped::product_limit);
      if (settled && rounds && !same) {
        ++round_;
        known_ = wanted_values();
        approximate_ = approximate_ || !closed;
        // What is left out here couples to the pairs by no more than their residuals.
        if (!closed || full) restart(o_.count);
        basis_.append_random(random_);
      } else if (closed) {  // with fewer columns than wanted
        basis_.append_random(random_);
      } else {
        if (full) restart(o_.count + (capacity_ - o_.count) / 2);
        basis_.append(w_, beside_);
      }
      next_check = basis_.count() + basis_.count() / 8;  // a check costs columns³
    }
  }

 private:
  void begin() {
    if (o_.start.defined()) {
      w_ = o_.start.to_vector();
      const double length = vectors::norm(w_);
      if (length > 0 && std::isfinite(length)) return basis_.append(w_, length);
    }
    basis_.append_random(random_);
  }

  // Multiplies the newest vector of the basis: a column of Qᵀ A Q, and what points out of the basis, in w_.
  bool expand() {
    const std::int64_t newest = basis_.count() - 1;
    if (!products_.times(basis_[newest], w_)) return false;
    norm_ = std::max(norm_, vectors::norm(w_));
    std::vector<double> column;
    beside_ = basis_.orthogonalize(w_, &column);
    for (std::int64_t i = 0; i <= newest; ++i)
      projected_[at(i * capacity_ + newest)] = projected_[at(newest * capacity_ + i)] = column[at(i)];
    return true;
  }

  // The Ritz pairs of the basis, the wanted ones first, and their residuals ‖A Q s - θ Q s‖ = β |s_last|.
  void decompose(bool closed) {
    const std::int64_t n = basis_.count();
    std::vector<double> matrix(at(n * n));
    for (std::int64_t i = 0; i < n; ++i) std::copy_n(&projected_[at(i * capacity_)], n, &matrix[at(i * n)]);
    ritz_ = symmetric_eigen(matrix, n);
    order_.resize(at(n));
    std::iota(order_.begin(), order_.end(), std::int64_t{0});
    std::stable_sort(order_.begin(), order_.end(), [&](std::int64_t i, std::int64_t j) {
      return how_wanted(ritz_.values[at(i)]) > how_wanted(ritz_.values[at(j)]);
    });
    coupling_ = closed ? 0 : beside_;
    low_ = std::min(low_, ritz_.values.front());
    high_ = std::max(high_, ritz_.values.back());
  }

  double how_wanted(double x) const {
    return o_.wanted == Wanted::largest ? x : o_.wanted == Wanted::smallest ? -x : std::abs(x);
  }
  double value(std::int64_t rank) const { return ritz_.values[at(order_[at(rank)])]; }
  double residual(std::int64_t rank) const {
    return coupling_ * std::abs(ritz_.vectors[at(order_[at(rank)] * basis_.count() + basis_.count() - 1)]);
  }
  // The smallest length that is more than rounding.
  double floor() const { return products_.rounding() * norm_; }
  double bound() const { return std::max(o_.tolerance * (high_ - low_), floor()); }

  std::vector<double> wanted_values() const {
    std::vector<double> values;
    for (std::int64_t rank = 0; rank < o_.count; ++rank) values.push_back(value(rank));
    return values;
  }

  bool all_settled() const {
    if (basis_.count() < o_.count) return false;
    // Half the tolerance, for what the restarts and the rounds add to the residuals.
    for (std::int64_t rank = 0; rank < o_.count; ++rank)
      if (!(residual(rank) <= bound() / 2)) return false;
    return true;
  }

  bool unchanged() const {
    for (std::int64_t rank = 0; rank < o_.count; ++rank)
      if (std::abs(how_wanted(value(rank)) - how_wanted(known_[at(rank)])) > bound()) return false;
    return true;
  }

  // Whether the best pair among the others is known well enough to tell that it does not belong to the wanted ones: the
  // square of its residual, the order of its value's error, is within the tolerance of the others' own width.
  bool next_settled() const {
    if (basis_.count() == o_.count) return false;
    double low = value(o_.count), high = low;
    for (std::int64_t rank = o_.count; rank < basis_.count(); ++rank) {
      low = std::min(low, value(rank));
      high = std::max(high, value(rank));
    }
    return residual(o_.count) <= std::max(std::sqrt(o_.tolerance) * (high - low), floor());
  }

  // Keeps the best Ritz vectors in place of the basis.
  void restart(std::int64_t kept) {
    combine(kept);
    std::fill(projected_.begin(), projected_.end(), 0.0);
    for (std::int64_t rank = 0; rank < kept; ++rank) projected_[at(rank * capacity_ + rank)] = value(rank);
  }

  void combine(std::int64_t kept) {
    const std::int64_t n = basis_.count();
    std::vector<double> weights;
    for (std::int64_t rank = 0; rank < kept; ++rank) {
      const double* row = &ritz_.vectors[at(order_[at(rank)] * n)];
      weights.insert(weights.end(), row, row + n);
    }
    basis_.combine(weights, kept);
  }

  EigenPairs not_finite() const {
    EigenPairs none;
    none.stopped = Stopped::not_finite;
    none.products = products_.count();
    return none;
  }

  EigenPairs result(Stopped reason) {
    EigenPairs found;
    found.values = wanted_values();
    found.stopped = reason;
    combine(o_.count);
    for (std::int64_t rank = 0; rank < o_.count; ++rank) {
      const Tensor x = basis_[rank];
      if (!products_.times(x, w_)) return not_finite();
      with_floating(x.dtype(), [&]<class T>(T) {
        const T* e = x.data<T>();
        for (std::size_t i = 0; i < w_.size(); ++i) w_[i] -= found.values[at(rank)] * static_cast<double>(e[i]);
      });
      found.residuals.push_back(vectors::norm(w_));
      if (reason != Stopped::product_limit && found.residuals.back() > bound()) found.stopped = Stopped::rounding;
    }
    if (o_.vectors) found.vectors = basis_.first(o_.count).clone();
    found.products = products_.count();
    return found;
  }

  CountedProducts products_;
  RandomStream& random_;
  const LanczosOptions& o_;
  const std::int64_t size_, capacity_;
  OrthonormalBasis basis_;         // Q
  std::vector<double> projected_;  // Qᵀ A Q, [capacity, capacity]
  std::vector<double> w_;          // the part of A q orthogonal to the basis
  double beside_ = 0;              // its length
  double norm_ = 0;                // the largest ‖A q‖ so far, a lower bound of ‖A‖
  SmallEigen ritz_;
  std::vector<std::int64_t> order_;
  double coupling_ = 0;  // beside_, or 0 where the basis is closed under A
  double low_ = std::numeric_limits<double>::infinity(), high_ = -low_;  // of all Ritz values so far
  int round_ = 0;
  bool approximate_ = false;   // a round began from pairs that had a residual
  std::vector<double> known_;  // the wanted values when this round began
};

}  // namespace

EigenPairs lanczos(const LinearOperator& a, RandomStream& random, const LanczosOptions& options) {
  return Search(a, random, options).run();
}

}  // namespace gradus
