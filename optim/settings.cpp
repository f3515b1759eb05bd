#include "optim/settings.h"

#include <algorithm>
#include <stdexcept>

namespace gradus::optim {

Hyperparameter positive(std::string name, double value, std::string help) {
  return settings::hyperparameter(name, value, settings::positive(), help);
}
Hyperparameter non_negative(std::string name, double value, std::string help) {
  return settings::hyperparameter(name, value, settings::non_negative(), help);
}
Hyperparameter decay(std::string name, double value, std::string help) {
  return settings::hyperparameter(name, value, settings::decay(), help);
}
Hyperparameter fraction(std::string name, double value, std::string help) {
  return settings::hyperparameter(name, value, settings::fraction(), help);
}
Hyperparameter above_one(std::string name, double value, std::string help) {
  return settings::hyperparameter(name, value, settings::above_one(), help);
}
Hyperparameter between(std::string name, double value, double low, double high, std::string help) {
  return settings::hyperparameter(name, value, settings::between(low, high), help);
}
Hyperparameter count(std::string name, std::int64_t value, std::int64_t low, std::string help) {
  return settings::hyperparameter(name, static_cast<double>(value), at_least(low), help);
}
Hyperparameter flag(std::string name, bool value, std::string help) {
  return settings::hyperparameter(name, value ? 1 : 0, settings::flag(), help);
}
Hyperparameter choice(std::string name, std::string value, std::vector<std::string> choices, std::string help) {
  const auto found = std::find(choices.begin(), choices.end(), value);
  if (found == choices.end()) throw std::logic_error("choice " + name + ": its default is none of its choices");
  const auto position = static_cast<double>(found - choices.begin());
  const auto last = static_cast<double>(choices.size() - 1);
  return {std::move(name), position, 0, last, false, std::move(help), Hyperparameter::Kind::choice, std::move(choices)};
}

const std::shared_ptr<double>& Settings::find(std::string_view name) const {
  for (const Entry& entry : *entries_)
    if (entry.name == name) return entry.value;
  throw std::logic_error("settings: no hyperparameter " + std::string(name));
}

bool Settings::has(std::string_view name) const {
  return std::any_of(entries_->begin(), entries_->end(), [&](const Entry& entry) { return entry.name == name; });
}

const std::string& Settings::choice(std::string_view name) const {
  for (const Entry& entry : *entries_)
    if (entry.name == name && !entry.choice.empty()) return entry.choice;
  throw std::logic_error("settings: no choice " + std::string(name));
}

void Settings::set(const std::string& name, double value) {
  if (has(name))
    *find(name) = value;
  else
    entries_->push_back({name, "", std::make_shared<double>(value)});
}

void Settings::set_choice(const std::string& name, std::string value) {
  set(name, 0);
  for (Entry& entry : *entries_)
    if (entry.name == name) entry.choice = std::move(value);
}

Settings make_settings(const std::string& owner, const std::vector<Hyperparameter>& hyperparameters,
                       const NamedValues& given) {
  const std::vector<double> values = settings::complete_values(owner, hyperparameters, given);
  Settings settings;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Hyperparameter& h = hyperparameters[i];
    if (h.kind == Hyperparameter::Kind::choice)
      settings.set_choice(h.name, h.choices[static_cast<std::size_t>(values[i])]);
    else
      settings.set(h.name, values[i]);
  }
  return settings;
}

}  // namespace gradus::optim
