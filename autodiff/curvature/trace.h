// The trace of an operator from random probes.
#pragma once

#include "autodiff/curvature/estimate.h"
#include "autodiff/tensor/linear_operator.h"
#include "autodiff/tensor/probe.h"

namespace gradus {

struct TraceEstimate : Estimate {
  std::int64_t products = 0;
};

// The mean of zᵀ A z over the probes, one product each: Hutchinson (1989), "A stochastic estimator of the trace of the
// influence matrix for Laplacian smoothing splines"; with normal probes, Girard (1989). Throws std::invalid_argument
// for fewer than one probe, std::runtime_error if a product is not finite.
TraceEstimate hutchinson_trace(const LinearOperator& a, std::int64_t probes, RandomStream& random,
                               Probe probe = Probe::rademacher);

// Meyer, Musco, Musco & Woodruff (2021), "Hutch++: Optimal stochastic trace estimation", Algorithm 1. A third of the
// products finds the range Q of A S for random S, a third gives the trace within it exactly, and the rest estimates
// what remains: tr A = tr QᵀAQ + tr (I - QQᵀ) A (I - QQᵀ). It wins over the above where few eigenvalues make up most of
// the trace. The standard error is that of the remainder given Q, and 0 where Q spans everything. It keeps products / 3
// vectors; `products`, 3 or more, is a bound: directions that A S repeats are not multiplied again. Errors as above.
TraceEstimate hutch_plus_plus(const LinearOperator& a, std::int64_t products, RandomStream& random,
                              Probe probe = Probe::rademacher);

}  // namespace gradus
