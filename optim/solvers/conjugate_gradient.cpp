#include "optim/solvers/conjugate_gradient.h"

#include <algorithm>
#include <cmath>

#include "autodiff/tensor/vectors.h"

namespace gradus::optim {
namespace {

// What differs between the solvers: where they stop beside convergence.
struct Exit {
  bool stop = false;
  double step = 0;  // along the direction
};
// The scalars of an iteration. Norms are the preconditioner's.
struct Iteration {
  double rho;               // r . M^-1 r
  double curvature;         // d . A d
  bool is_positive;         // the curvature
  double largest_quotient;  // of Rayleigh, among positive ones so far
  double pp, pd, dd;        // p . M p, p . M d, d . M d
};

template <class Leave>
InnerResult iterate(const LinearOperator& a, const Tensor& g, const Preconditioner& preconditioner, double tolerance,
                    std::int64_t max_iterations, ConjugateGradientMemory& memory, const Tensor& p, const Leave& leave) {
  const Tensor &r = vectors::like(memory.residual, g), &z = vectors::like(memory.preconditioned, g),
               &d = vectors::like(memory.direction, g), &product = vectors::like(memory.product, g);
  p.fill(0);
  r.copy_from(g);
  preconditioner.solve(r, z);
  vectors::scale(-1, z, d);
  InnerResult result;
  Iteration at{vectors::dot(r, z), 0, true, 0, 0, 0, 0};
  at.dd = at.rho;
  const double start = std::sqrt(at.rho), target = tolerance * start,
               smallest = zero_curvature * vectors::epsilon(g.dtype());
  const auto done = [&](Reason reason) {
    result.reason = reason;
    result.residual = start > 0 ? std::sqrt(at.rho) / start : 0;
    result.norm = std::sqrt(at.pp);
    return result;
  };
  if (!std::isfinite(at.rho)) return done(Reason::not_finite);
  while (std::sqrt(at.rho) > target && at.rho > 0) {
    if (result.iterations == max_iterations) return done(Reason::iteration_limit);
    multiply(a, d, product);
    ++result.iterations;
    at.curvature = vectors::dot(d, product);
    if (!std::isfinite(at.curvature) || !vectors::is_finite(product)) return done(Reason::not_finite);
    at.is_positive = at.curvature > smallest * at.largest_quotient * at.dd && at.curvature > 0;
    if (at.is_positive) at.largest_quotient = std::max(at.largest_quotient, at.curvature / at.dd);
    const Exit exit = leave(at);
    const double step = exit.stop ? exit.step : at.rho / at.curvature;
    vectors::axpy(step, d, p);
    result.model_change += step * (step * at.curvature / 2 - at.rho);
    at.pp += step * (2 * at.pd + step * at.dd);
    vectors::axpy(step, product, r);
    if (exit.stop) {
      result.reason = at.is_positive ? Reason::boundary : Reason::negative_curvature;
      return done(result.reason);
    }
    preconditioner.solve(r, z);
    const double next = vectors::dot(r, z), beta = next / at.rho;
    if (!std::isfinite(next)) return done(Reason::not_finite);
    at.pd = beta * (at.pd + step * at.dd);
    at.dd = next + beta * beta * at.dd;
    at.rho = next;
    vectors::scale(beta, d, d);
    vectors::axpy(-1, z, d);
  }
  return done(Reason::converged);
}

}  // namespace

InnerResult conjugate_gradient(const LinearOperator& a, const Tensor& g, const Preconditioner& preconditioner,
                               double tolerance, std::int64_t max_iterations, double length_without_curvature,
                               ConjugateGradientMemory& memory, const Tensor& p) {
  const double flat = std::sqrt(vectors::epsilon(g.dtype()));
  return iterate(a, g, preconditioner, tolerance, max_iterations, memory, p, [&](const Iteration& at) {
    if (at.is_positive) return Exit{};
    const double curvature = std::max(std::abs(at.curvature), flat * at.largest_quotient * at.dd);
    const double step = curvature > 0 ? at.rho / curvature : length_without_curvature / std::sqrt(at.dd);
    return Exit{true, step};
  });
}

InnerResult steihaug(const LinearOperator& a, const Tensor& g, const Preconditioner& preconditioner, double radius,
                     double tolerance, std::int64_t max_iterations, ConjugateGradientMemory& memory, const Tensor& p) {
  return iterate(a, g, preconditioner, tolerance, max_iterations, memory, p, [&](const Iteration& at) {
    const double step = at.rho / at.curvature;
    if (at.is_positive && at.pp + step * (2 * at.pd + step * at.dd) < radius * radius) return Exit{};
    // The positive root of |p + t d| = radius, without cancellation.
    const double left = std::max(0.0, radius * radius - at.pp);
    const double root = std::sqrt(at.pd * at.pd + at.dd * left);
    return Exit{true, at.pd > 0 ? left / (at.pd + root) : (root - at.pd) / at.dd};
  });
}

}  // namespace gradus::optim
