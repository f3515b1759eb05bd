// The whole spectrum of an operator, blurred, by stochastic Lanczos quadrature: Ubaru, Chen & Saad (2017), "Fast
// estimation of tr(f(A)) via stochastic Lanczos quadrature"; Ghorbani, Krishnan & Xiao (2019), "An investigation into
// neural net optimization via Hessian eigenvalue density".
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "autodiff/curvature/estimate.h"
#include "autodiff/tensor/linear_operator.h"
#include "autodiff/tensor/probe.h"

namespace gradus {

// Points and weights, which sum to 1: zᵀ f(A) z / zᵀz ≈ Σ weight · f(node), exact for polynomials of degree
// 2·(number of nodes) - 1.
struct Quadrature {
  std::vector<double> nodes, weights;  // nodes ascending
};

struct DensityCurve {
  std::vector<double> at, value, standard_error;
};

// What the probes found. Standard errors are taken over the probes; the error of a quadrature with too few steps is not
// in them.
struct SpectralDensity {
  std::int64_t size = 0;
  std::vector<Quadrature> probes;
  std::int64_t products = 0;

  // The mean of f over the eigenvalues, tr f(A) / size.
  Estimate mean(const std::function<double(double)>& f) const;
  // tr A^power / size, power >= 0.
  Estimate moment(int power) const;
  // The fraction of eigenvalues below x.
  Estimate fraction_below(double x) const;
  // (1/size) Σ_i N(t; λ_i, width²) at each t of the grid; width > 0 is the kernel's standard deviation.
  DensityCurve density(std::span<const double> grid, double width) const;
  // `points` (2 or more) evenly spaced values from 4 widths below the smallest node to 4 above the largest.
  std::vector<double> grid(std::int64_t points, double width) const;
};

struct SpectralOptions {
  std::int64_t probes = 10;
  std::int64_t steps = 80;  // Lanczos steps a probe, fewer where the Krylov space ends; so many vectors are kept
  Probe probe = Probe::rademacher;
};

// Full reorthogonalisation, so that no eigenvalue is counted twice. Throws std::invalid_argument for fewer than one
// probe or step, std::runtime_error if a product is not finite.
SpectralDensity spectral_density(const LinearOperator& a, RandomStream& random, const SpectralOptions& options = {});

}  // namespace gradus
