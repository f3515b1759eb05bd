// All instruments by name, with their defaults.
#include "experiments/lab/instruments/instruments.h"

namespace gradus::lab {
namespace {

template <class Options>
InstrumentKind kind(std::shared_ptr<Instrument> (*make)(const Options&)) {
  const InstrumentDescription about = Options::describe();
  const std::string name(about.name);
  return {name, std::string(about.help), std::string(about.price),
          settings::hyperparameters_of(settings::fields_of<Options>()),
          [make, name](const settings::NamedValues& values) {
            return make(settings::with_values<Options>("instrument " + name, values));
          }};
}

}  // namespace

const settings::Catalogue<InstrumentKind>& instruments() {
  static const settings::Catalogue<InstrumentKind> all(
      "instrument",
      {kind(gradient_norms), kind(parameter_norms), kind(update_norms), kind(activations), kind(path), kind(memory),
       kind(noise_scale), kind(sharpness), kind(trace), kind(spectrum), kind(eigendirections)});
  return all;
}

}  // namespace gradus::lab
