#include "settings/hyperparameter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "settings/nearest_name.h"

namespace gradus::settings {
namespace {

// As a number of that precision holds it.
double held(double value, Precision precision) {
  return precision == Precision::float32 ? static_cast<double>(static_cast<float>(value)) : value;
}

double value_of(const std::string& owner, const Hyperparameter& h, const GivenValue& given, Precision precision) {
  if (!given.is_text()) {
    check_value(owner, h, given.number(), precision);
    return given.number();
  }
  if (h.kind != Hyperparameter::Kind::choice)
    throw std::invalid_argument(fmt::format("{}: {} = '{}', expected {}", owner, h.name, given.text(), h.range()));
  const auto found = std::find(h.choices.begin(), h.choices.end(), given.text());
  if (found == h.choices.end())
    throw std::invalid_argument(
        fmt::format("{}: {} = '{}': {}", owner, h.name, given.text(), choices_text(given.text(), h.choices)));
  return static_cast<double>(found - h.choices.begin());
}

}  // namespace

double Hyperparameter::least(Precision precision) const {
  if (precision == Precision::float64) return low;
  if (low == above_0) return std::numeric_limits<float>::min();
  if (low == above_1) return 1 + static_cast<double>(std::numeric_limits<float>::epsilon());
  return held(low, precision);
}

bool Hyperparameter::allows(double value, Precision precision) const {
  const bool inside = std::isfinite(value) && value >= low && (high_open ? value < high : value <= high);
  if (!inside) return false;
  if (kind != Kind::number) return value == std::floor(value);  // whole numbers, flags, choices: not computed with
  const double there = held(value, precision);
  const bool below = high_open ? there < high : there <= held(high, precision);
  return std::isfinite(there) && there >= least(precision) && below;
}

std::string Hyperparameter::range() const {
  if (kind == Kind::flag) return "0 or 1";
  if (kind == Kind::count) return fmt::format("a whole number >= {:g}", low);
  if (kind == Kind::choice) return fmt::format("one of {}", fmt::join(choices, ", "));
  if (high == unbounded) return fmt::format("a finite number {}", low == above_1 ? "> 1" : low > 0 ? "> 0" : ">= 0");
  const std::string from = low == above_0 ? "0 < " : fmt::format("{:g} <= ", low);
  return fmt::format("{}{} {} {:g}", from, name, high_open ? "<" : "<=", high);
}

std::string Hyperparameter::default_text() const {
  if (kind == Kind::choice) return choices[static_cast<std::size_t>(default_value)];
  if (kind == Kind::flag) return default_value != 0 ? "true" : "false";
  return fmt::format("{:g}", default_value);
}

Hyperparameter hyperparameter(std::string_view name, double default_value, const Range& range, std::string_view help) {
  return {std::string(name), default_value,     range.low,  range.high,
          range.high_open,   std::string(help), range.kind, {range.choices.begin(), range.choices.end()}};
}

std::string refusal(const Hyperparameter& h, double value, Precision precision) {
  const bool by_type = h.allows(value) && !h.allows(value, precision);
  const std::string there = by_type ? fmt::format(" ({:g} in float32)", held(value, precision)) : "";
  return fmt::format("{} = {:g}{}, expected {}", h.name, value, there, h.range());
}

void check_value(const std::string& owner, const Hyperparameter& h, double value, Precision precision) {
  if (!h.allows(value, precision))
    throw std::invalid_argument(fmt::format("{}: {}", owner, refusal(h, value, precision)));
}

std::vector<double> complete_values(const std::string& owner, const std::vector<Hyperparameter>& hyperparameters,
                                    const NamedValues& given, Precision precision) {
  std::vector<std::string> names;
  std::vector<double> values;
  for (const Hyperparameter& h : hyperparameters) {
    names.push_back(h.name);
    values.push_back(h.default_value);
  }
  for (const auto& [name, value] : given) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
      throw std::invalid_argument(
          fmt::format("{}: unknown hyperparameter '{}': {}", owner, name, choices_text(name, names)));
    const auto position = static_cast<std::size_t>(found - names.begin());
    values[position] = value_of(owner, hyperparameters[position], value, precision);
  }
  return values;
}

}  // namespace gradus::settings
