#include "optim/settings.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>

#include "optim/nearest_name.h"

namespace gradus::optim {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
// Ranges include their lower end: these are the first numbers above 0 and 1.
constexpr double above_0 = std::numeric_limits<double>::min(), above_1 = 1 + std::numeric_limits<double>::epsilon();
constexpr double largest_count = 1e15;  // whole numbers up to here are exact, and larger ones are slips of the pen

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

// As a number of that type holds it.
double held(double value, DType dtype) {
  return dtype == DType::float32 ? static_cast<double>(static_cast<float>(value)) : value;
}

double value_of(const std::string& owner, const Hyperparameter& h, const GivenValue& given, DType dtype) {
  if (!given.is_text()) {
    const double value = given.number();
    const bool whole = h.kind == Hyperparameter::Kind::number || value == std::floor(value);
    if (!whole || !h.allows(value, dtype)) throw std::invalid_argument(owner + ": " + refusal(h, value, dtype));
    return value;
  }
  if (h.kind != Hyperparameter::Kind::choice)
    throw std::invalid_argument(owner + ": " + h.name + " = '" + given.text() + "', expected " + h.range());
  const auto found = std::find(h.choices.begin(), h.choices.end(), given.text());
  if (found == h.choices.end())
    throw std::invalid_argument(owner + ": " + h.name + " = '" + given.text() +
                                "': " + choices_text(given.text(), h.choices));
  return static_cast<double>(found - h.choices.begin());
}

}  // namespace

double Hyperparameter::least(DType dtype) const {
  if (dtype != DType::float32) return low;
  if (low == above_0) return std::numeric_limits<float>::min();
  if (low == above_1) return 1 + static_cast<double>(std::numeric_limits<float>::epsilon());
  return held(low, dtype);
}

bool Hyperparameter::excludes_zero() const { return low == above_0; }

bool Hyperparameter::allows(double value, DType dtype) const {
  const bool inside = std::isfinite(value) && value >= low && (high_open ? value < high : value <= high);
  if (!inside || kind != Kind::number) return inside;  // whole numbers, flags and choices are not computed with
  const double there = held(value, dtype);
  return std::isfinite(there) && there >= least(dtype) && (high_open ? there < high : there <= held(high, dtype));
}

std::string Hyperparameter::range() const {
  switch (kind) {
    case Kind::flag: return "0 or 1";
    case Kind::count: return "a whole number >= " + short_number(low);
    case Kind::choice: {
      std::string text = "one of";
      for (std::size_t i = 0; i < choices.size(); ++i) text += (i ? ", " : " ") + choices[i];
      return text;
    }
    case Kind::number: break;
  }
  if (high == infinity) return low == above_1 ? "a finite number > 1" : low > 0 ? "a finite number > 0" : "a finite number >= 0";
  return (low == above_0 ? "0 < " : short_number(low) + " <= ") + name + (high_open ? " < " : " <= ") + short_number(high);
}

std::string Hyperparameter::default_text() const {
  if (kind == Kind::choice) return choices[static_cast<std::size_t>(default_value)];
  if (kind == Kind::flag) return default_value != 0 ? "true" : "false";
  return short_number(default_value);
}

Hyperparameter positive(std::string name, double value, std::string help) {
  return {std::move(name), value, above_0, infinity, true, std::move(help)};
}
Hyperparameter non_negative(std::string name, double value, std::string help) {
  return {std::move(name), value, 0, infinity, true, std::move(help)};
}
Hyperparameter decay(std::string name, double value, std::string help) {
  return {std::move(name), value, 0, 1, true, std::move(help)};
}
Hyperparameter fraction(std::string name, double value, std::string help) {
  return {std::move(name), value, above_0, 1, true, std::move(help)};
}
Hyperparameter above_one(std::string name, double value, std::string help) {
  return {std::move(name), value, above_1, infinity, true, std::move(help)};
}
Hyperparameter between(std::string name, double value, double low, double high, std::string help) {
  return {std::move(name), value, low, high, false, std::move(help)};
}
Hyperparameter count(std::string name, std::int64_t value, std::int64_t low, std::string help) {
  return {std::move(name), static_cast<double>(value), static_cast<double>(low),      largest_count, false,
          std::move(help), Hyperparameter::Kind::count};
}
Hyperparameter flag(std::string name, bool value, std::string help) {
  return {std::move(name), value ? 1.0 : 0.0, 0, 1, false, std::move(help), Hyperparameter::Kind::flag};
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

std::string choices_text(const std::string& asked, const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  const std::string near = nearest_name(asked, names);
  const std::string hint = near.empty() ? "" : "did you mean " + near + "? ";
  return hint + "expected one of " + all;
}

std::string refusal(const Hyperparameter& h, double value, DType dtype) {
  const bool by_type = h.allows(value, DType::float64) && !h.allows(value, dtype);
  const std::string there = by_type ? " (" + short_number(held(value, dtype)) + " in " + name_of(dtype) + ")" : "";
  return h.name + " = " + short_number(value) + there + ", expected " + h.range();
}

Settings make_settings(const std::string& owner, const std::vector<Hyperparameter>& hyperparameters,
                       const NamedValues& given, DType dtype) {
  std::vector<std::string> names;
  for (const Hyperparameter& h : hyperparameters) names.push_back(h.name);
  for (const auto& [name, value] : given)
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw std::invalid_argument(owner + ": unknown hyperparameter '" + name + "': " + choices_text(name, names));
  Settings settings;
  for (const Hyperparameter& h : hyperparameters) {
    double value = h.default_value;
    for (const auto& [name, its_value] : given)
      if (name == h.name) value = value_of(owner, h, its_value, dtype);
    if (h.kind == Hyperparameter::Kind::choice)
      settings.set_choice(h.name, h.choices[static_cast<std::size_t>(value)]);
    else
      settings.set(h.name, value);
  }
  return settings;
}

}  // namespace gradus::optim
