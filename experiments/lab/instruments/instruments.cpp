// All instruments by name, with their defaults.
#include "experiments/lab/instruments/instruments.h"

namespace gradus::lab {
namespace {

template <class Options>
InstrumentKind kind(std::string name, std::string help, std::shared_ptr<Instrument> (*make)(const Options&)) {
  return {std::move(name), std::move(help), [make](std::int64_t every) {
            Options options;
            options.every = every;
            return make(options);
          }};
}

}  // namespace

const settings::Catalogue<InstrumentKind>& instruments() {
  static const settings::Catalogue<InstrumentKind> all(
      "instrument",
      {kind("gradient", "norm of the gradient, by layer", gradient_norms),
       kind("parameters", "norm of the parameters, by layer", parameter_norms),
       kind("update", "norm of the step and its ratio to the parameters', by layer", update_norms),
       kind("activations", "moments, zeros, dead units and gradients inside the model", activations),
       kind("noise_scale", "gradient noise scale, and signal to noise by layer", noise_scale),
       kind("sharpness", "largest eigenvalue of the Hessian against the method's stability threshold", sharpness),
       kind("trace", "trace of the Hessian", trace),
       kind("spectrum", "largest eigenvalues of the Hessian, and the density of all", spectrum),
       kind("eigendirections", "shares of step and gradient along the top eigenvectors", eigendirections)});
  return all;
}

}  // namespace gradus::lab
