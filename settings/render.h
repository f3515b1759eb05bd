// What a catalogue's entries say of themselves, for a person at a terminal, for a page and for a tool. An entry has a
// name, a source, a formula and hyperparameters, and may have `differences`.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "settings/hyperparameter.h"

namespace gradus::settings {

struct Card {
  std::string_view name, source, formula, differences;
  const std::vector<Hyperparameter>& hyperparameters;
};
template <class Entry>
Card card_of(const Entry& entry) {
  return {entry.name, entry.source, entry.formula, entry.differences, entry.hyperparameters};
}

// A few lines for --list: name, source, and a line for each hyperparameter. `kind`, in brackets, may be empty.
std::string as_text(const Card& card, std::string_view kind = {});
// A section of a page in Markdown.
std::string as_markdown(const Card& card);
// {"name", "source", "formula", "differences", "hyperparameters": [{"name", "kind", "default", "range", "help",
// "schedulable", "choices"}]}
nlohmann::json as_json(const Card& card);

}  // namespace gradus::settings
