// How much of a batch's gradient is noise.
#pragma once

#include <memory>

#include "experiments/lab/instrument.h"

namespace gradus::lab {

struct NoiseScaleOptions {
  std::int64_t every = 100;

  static constexpr InstrumentDescription describe() {
    return {
        "noise_scale",
        "gradient noise scale, and signal to noise by layer",
        "2 n",
        {settings::field<&NoiseScaleOptions::every>(settings::at_least(1), "steps from one measurement to the next")}};
  }
};

// The table "noise_scale", from the gradients of the examples of the step's batch. With S the trace of their covariance
// and G the true gradient:
//   variance         S, the unbiased estimate
//   signal           |G|^2 without the batch's noise, |g|^2 - S / n; below 0 where noise is all there is
//   noise_scale      S / |G|^2, in examples; NaN where the signal is not above 0. McCandlish et al. (2018), "An
//                    empirical model of large-batch training", eq. 2.9 and appendix A. For a mean over steps, divide
//                    the mean of `variance` by that of `signal`: the ratio of one batch is biased.
//   layer_signal_to_noise  |G|^2 / S by slice, of each example
// NaN for a batch of one example. A model must tell its examples apart: see autodiff/per_example.h. It costs two
// gradients.
std::shared_ptr<Instrument> noise_scale(const NoiseScaleOptions& options = {});

}  // namespace gradus::lab
