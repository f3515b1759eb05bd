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

  static constexpr InstrumentDescription describe() {
    return {"spectrum",
            "largest eigenvalues of the Hessian, and the density of all",
            "(1 + 2 products) n",
            {settings::field<&SpectrumOptions::every>(settings::at_least(1), "steps from one measurement to the next"),
             settings::field<&SpectrumOptions::examples>(settings::at_least(0),
                                                         "the first of the training set; 0: the batch of the step"),
             settings::field<&SpectrumOptions::largest>(settings::at_least(1), "eigenvalues that are found one by one"),
             settings::field<&SpectrumOptions::probes>(settings::at_least(1), "random vectors of the density"),
             settings::field<&SpectrumOptions::steps>(settings::at_least(1), "of Lanczos' method for each probe"),
             settings::field<&SpectrumOptions::points>(settings::at_least(2), "at which the density is told"),
             settings::field<&SpectrumOptions::width>(settings::positive(),
                                                      "of the density's kernel, in parts of the largest magnitude"),
             settings::field<&SpectrumOptions::tolerance>(
                 settings::positive(), "of the residuals of the largest ones, relative to the width of the spectrum"),
             settings::field<&SpectrumOptions::max_products>(settings::at_least(1), "for the largest ones")}};
  }
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
