// Hyperparameters that are no more, for those who still give them.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "settings/hyperparameter.h"

namespace gradus::settings {

struct Retired {
  std::string_view name;
  double fixed = std::numeric_limits<double>::quiet_NaN();  // at what; NaN: it was a seed of the method's own
  std::string fate() const;                                 // what became of it: "is fixed at 0.1"
};
constexpr Retired fixed_at(std::string_view name, double value) { return {name, value}; }
constexpr Retired drawn_from_stream(std::string_view name) { return {name}; }

// Throws std::invalid_argument, with its fate, if one of them is given.
void refuse_retired(const std::string& owner, const std::vector<Retired>& retired, const NamedValues& given);

}  // namespace gradus::settings
