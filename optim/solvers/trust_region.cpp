#include "optim/solvers/trust_region.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "autodiff/tensor/vectors.h"

namespace gradus::optim {
namespace {

// T + lambda I = L D L^T, for solving with it.
class Factors {
 public:
  // Returns whether the matrix is positive definite.
  bool factor(std::span<const double> diagonal, std::span<const double> beside, double lambda) {
    pivots_.resize(diagonal.size()), below_.resize(diagonal.size());
    for (std::size_t i = 0; i < diagonal.size(); ++i) {
      below_[i] = i > 0 ? beside[i - 1] / pivots_[i - 1] : 0;
      pivots_[i] = diagonal[i] + lambda - (i > 0 ? below_[i] * beside[i - 1] : 0);
      if (!(pivots_[i] > 0)) return false;
    }
    return true;
  }
  void solve(std::vector<double>& x) const {
    for (std::size_t i = 1; i < x.size(); ++i) x[i] -= below_[i] * x[i - 1];
    for (std::size_t i = 0; i < x.size(); ++i) x[i] /= pivots_[i];
    for (std::size_t i = x.size() - 1; i > 0; --i) x[i - 1] -= below_[i] * x[i];
  }

 private:
  std::vector<double> pivots_, below_;
};

// Lengthens h to the radius along u, which (T + lambda I) maps to almost nothing.
void reach_boundary(std::vector<double>& h, std::vector<double> u, double radius) {
  const double length = vectors::norm(u);
  double uh = 0;
  for (std::size_t i = 0; i < u.size(); ++i) {
    u[i] /= length;
    uh += u[i] * h[i];
  }
  const double left = std::max(0.0, radius * radius - vectors::norm(h) * vectors::norm(h)),
               root = std::sqrt(uh * uh + left);
  const double t = uh > 0 ? left / (uh + root) : -left / (root - uh);  // the shorter way
  if (std::isfinite(t))
    for (std::size_t i = 0; i < u.size(); ++i) h[i] += t * u[i];
}

}  // namespace

TridiagonalStep tridiagonal_trust_region(std::span<const double> diagonal, std::span<const double> beside, double gamma,
                                         double radius) {
  constexpr int most_iterations = 200;
  constexpr double accuracy = 1e-12;
  const std::size_t k = diagonal.size();
  TridiagonalStep result;
  Factors factors;
  const auto solve = [&](double lambda) {
    if (!factors.factor(diagonal, beside, lambda)) return false;
    result.h.assign(k, 0.0);
    result.h[0] = -gamma;
    factors.solve(result.h);
    return std::isfinite(vectors::norm(result.h));
  };
  // lambda lies in [low, high]: by Gershgorin, T + high I is so positive that the step is too short.
  double low = 0, spread = 0;
  for (std::size_t i = 0; i < k; ++i) {
    low = std::max(low, -diagonal[i]);
    const double row = (i > 0 ? std::abs(beside[i - 1]) : 0) + (i + 1 < k ? std::abs(beside[i]) : 0);
    spread = std::max(spread, row - diagonal[i]);
  }
  double high = std::max(low, spread) + gamma / radius, lambda = low;
  result.positive_definite = factors.factor(diagonal, beside, 0);
  for (int i = 0; i < most_iterations; ++i) {
    double next = std::numeric_limits<double>::quiet_NaN();
    if (!solve(lambda)) {
      low = lambda;
    } else {
      const double length = vectors::norm(result.h);
      if (lambda == 0 && length <= radius) break;
      if (std::abs(length - radius) <= accuracy * radius) break;
      (length > radius ? low : high) = lambda;
      std::vector<double> w = result.h;
      factors.solve(w);
      double slope = 0;  // h . (T + lambda I)^-1 h
      for (std::size_t j = 0; j < k; ++j) slope += result.h[j] * w[j];
      next = lambda + (length - radius) / radius * (length * length / slope);  // Newton's for 1 / |h| - 1 / radius
    }
    if (high - low <= 4 * std::numeric_limits<double>::epsilon() * high) {
      // The hard case: the step is too short wherever the matrix is positive definite.
      while (!solve(high)) high *= 1 + 4 * std::numeric_limits<double>::epsilon();
      std::vector<double> null = result.h;
      for (std::size_t j = 0; j < k; ++j) null[j] += (j % 2 ? -1 : 1) * 1e-3 * vectors::norm(result.h);
      for (int pass = 0; pass < 3; ++pass) {
        const double length = vectors::norm(null);
        for (double& v : null) v /= length;
        factors.solve(null);
      }
      reach_boundary(result.h, std::move(null), radius);
      lambda = high;
      break;
    }
    // Where the bracket is wide, its ends differ by orders of magnitude.
    const double middle = low > 0 && high > 4 * low ? std::sqrt(low * high) : (low + high) / 2;
    lambda = next > low && next < high ? next : middle;
  }
  result.lambda = lambda;
  // g.h + h.T h / 2, with T h = -g - lambda h.
  result.model_change = gamma * result.h[0] / 2 - lambda / 2 * vectors::norm(result.h) * vectors::norm(result.h);
  return result;
}

const Tensor& LanczosTrustRegion::vector(std::vector<Tensor>& set, std::size_t i, const Tensor& theta) {
  if (set.size() <= i) set.resize(i + 1);
  return vectors::like(set[i], theta);
}

InnerResult LanczosTrustRegion::assemble(const TridiagonalStep& step, const Tensor& p) const {
  p.fill(0);
  for (std::size_t i = 0; i < step.h.size(); ++i) vectors::axpy(step.h[i], basis_[i], p);
  InnerResult result;
  result.iterations = static_cast<std::int64_t>(step.h.size());
  result.residual = next_beside_ * std::abs(step.h.back()) / gamma_;
  result.model_change = step.model_change;
  result.norm = vectors::norm(step.h);
  if (broke_)
    result.reason = Reason::not_finite;
  else if (at_limit_)
    result.reason = Reason::iteration_limit;
  else if (step.lambda == 0)
    result.reason = Reason::converged;
  else
    result.reason = step.positive_definite ? Reason::boundary : Reason::negative_curvature;
  return result;
}

InnerResult LanczosTrustRegion::solve(const LinearOperator& a, const Tensor& g, const Preconditioner& preconditioner,
                                      double radius, double tolerance, double boundary_tolerance,
                                      std::int64_t max_iterations, const Tensor& p) {
  const bool plain = preconditioner.is_identity();
  std::vector<Tensor>& images = plain ? basis_ : images_;
  const Tensor &t = vectors::like(product_, g), &y = vectors::like(solved_, g);
  diagonal_.clear();
  beside_.clear();
  broke_ = at_limit_ = false;
  p.fill(0);
  t.copy_from(g);
  preconditioner.solve(t, y);
  gamma_ = next_beside_ = std::sqrt(vectors::dot(t, y));
  InnerResult nothing;
  nothing.reason = std::isfinite(gamma_) ? Reason::converged : Reason::not_finite;
  if (!(gamma_ > 0) || !std::isfinite(gamma_)) return nothing;

  TridiagonalStep step;
  double scale = 0, before = 0;
  for (std::size_t k = 0;; ++k) {
    vectors::scale(1 / next_beside_, y, vector(basis_, k, g));
    if (!plain) vectors::scale(1 / next_beside_, t, vector(images_, k, g));
    multiply(a, basis_[k], t);
    const double curvature = vectors::dot(basis_[k], t);
    if (!std::isfinite(curvature) || !vectors::is_finite(t)) {
      broke_ = true;
      if (k > 0) break;
      nothing.reason = Reason::not_finite;
      nothing.iterations = 1;
      return nothing;
    }
    if (k > 0) beside_.push_back(next_beside_);
    diagonal_.push_back(curvature);
    // Twice is enough (Parlett 1998, section 6.9): the coefficients beyond the last two are rounding.
    for (int pass = 0; pass < 2; ++pass)
      for (std::size_t j = k + 1; j-- > 0;) vectors::axpy(-vectors::dot(basis_[j], t), images[j], t);
    preconditioner.solve(t, y);
    next_beside_ = std::sqrt(std::max(0.0, vectors::dot(t, y)));
    if (!std::isfinite(next_beside_)) next_beside_ = 0;
    scale = std::max({scale, std::abs(curvature), next_beside_});

    step = tridiagonal_trust_region(diagonal_, beside_, gamma_, radius);
    const double residual = next_beside_ * std::abs(step.h.back()), gained = before - step.model_change;
    const bool enough = step.lambda > 0 && k > 0 && gained <= boundary_tolerance * -step.model_change;
    const bool exhausted =
        next_beside_ <= 10 * vectors::epsilon(g.dtype()) * scale || static_cast<std::int64_t>(k) + 1 >= g.size();
    if (residual <= tolerance * gamma_ || enough || exhausted) break;
    if (static_cast<std::int64_t>(k) + 1 >= max_iterations) {
      at_limit_ = true;
      break;
    }
    before = step.model_change;
  }
  return assemble(step, p);
}

InnerResult LanczosTrustRegion::solve_again(double radius, const Tensor& p) const {
  InnerResult result = assemble(tridiagonal_trust_region(diagonal_, beside_, gamma_, radius), p);
  result.iterations = 0;
  return result;
}

}  // namespace gradus::optim
