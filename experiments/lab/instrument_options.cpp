// Instruments as options of a program.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "experiments/lab/instrument.h"
#include "experiments/lab/run.h"

namespace gradus::lab {
namespace {

// The options but `every`, which stands beside the name, as they are called among a program's.
std::vector<settings::Hyperparameter> options_of(const InstrumentKind& kind) {
  std::vector<settings::Hyperparameter> all;
  for (settings::Hyperparameter option : kind.options) {
    if (option.name == "every") continue;
    option.name = fmt::format("{}_{}", kind.name, option.name);
    all.push_back(std::move(option));
  }
  return all;
}

std::string spelled(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return "--" + name;
}

std::string list_of_instruments() {
  std::string text =
      "Instruments, --instruments=NAME:STEPS,.., with the price of a measurement in gradients of one "
      "example, n being the examples looked at:\n\n";
  for (const InstrumentKind& kind : instruments()) {
    text += fmt::format("{:<16} {}: {}\n", kind.name, kind.help, kind.price);
    for (const settings::Hyperparameter& option : options_of(kind))
      text += fmt::format("{:18} {}={}: {}\n", "", spelled(option.name), option.default_text(), option.help);
  }
  return text;
}

// Why there is no such option: its instrument has others, or is not asked for.
std::string why_missing(const std::string& option, const std::vector<std::shared_ptr<Instrument>>& chosen) {
  for (const InstrumentKind& kind : instruments()) {
    std::vector<std::string> own;
    bool is_own = false;
    for (const settings::Hyperparameter& known : options_of(kind)) {
      own.push_back(spelled(known.name));
      is_own = is_own || known.name == option;
    }
    if (own.empty() || !option.starts_with(kind.name + "_")) continue;
    const bool is_chosen =
        std::ranges::any_of(chosen, [&](const auto& instrument) { return instrument->name() == kind.name; });
    if (is_own && !is_chosen)
      return fmt::format("is an option of the instrument {}, which is not among --instruments", kind.name);
    return fmt::format("is no option of the instrument {}, which has {}", kind.name, fmt::join(own, ", "));
  }
  return {};
}

}  // namespace

std::vector<std::shared_ptr<Instrument>> choose_instruments(Run& run) {
  run.list("list-instruments", "print every instrument with its price and its options, and end", list_of_instruments);
  const std::string text =
      run.option("instruments", "",
                 fmt::format("what to measure every so many steps, e.g. sharpness:100,trace:50 (of {})",
                             fmt::join(instruments().names(), ", ")));
  const auto ask = [&run](const InstrumentKind& kind) {
    settings::NamedValues values;
    for (const settings::Hyperparameter& option : options_of(kind))
      values.emplace_back(option.name.substr(kind.name.size() + 1), run.option(option));
    return values;
  };
  const auto chosen = from_options([&] { return instruments_of(text, ask); });
  run.explain([chosen](const std::string& option) { return why_missing(option, chosen); });
  return chosen;
}

}  // namespace gradus::lab
