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
      {kind("sharpness", "largest eigenvalue of the Hessian against the method's stability threshold", sharpness)});
  return all;
}

}  // namespace gradus::lab
