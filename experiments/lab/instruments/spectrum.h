// All of the Hessian's eigenvalues, blurred, and the largest ones.
#pragma once

#include <memory>

#include "experiments/lab/instrument.h"

namespace gradus::lab {

struct SpectrumOptions {
  std::int64_t every = 500;
  std::int64_t examples = 0;        // the first of the training set; 0: the step's batch
  std::int64_t largest = 10;        // eigenvalues, found one by one
  std::int64_t probes = 2;          // of the density
  std::int64_t steps = 60;          // Lanczos steps a probe
  std::int64_t points = 200;        // at which the density is told
  double width = 0.01;              // of the density's kernel, in parts of the largest magnitude
  double tolerance = 1e-3;          // of the largest ones' residuals, relative to the width of the spectrum
  std::int64_t max_products = 400;  // for the largest ones
};

// The table "spectrum", at the point from which the step was taken:
//   largest             the largest eigenvalues of the Hessian, falling, along "rank"
//   smallest            the smallest that the density's probes saw
//   at, density         of the eigenvalues: a curve along "point", whose integral is 1. Ghorbani, Krishnan & Xiao
//                       (2019): see autodiff/curvature/spectral_density.h
//   products            with the Hessian
// It costs a gradient and `products` times two.
std::shared_ptr<Instrument> spectrum(const SpectrumOptions& options = {});

}  // namespace gradus::lab
