// Hyperparameters that are no more, for those who still give them.
#pragma once

#include <string>
#include <vector>

#include "settings/hyperparameter.h"

namespace gradus::settings {

struct Retired {
  std::string name;
  std::string fate;  // what became of it: "is fixed at 0.1"
};

Retired fixed_at(std::string name, double value);
Retired drawn_from_stream(std::string name);  // a seed of the method's own

// Throws std::invalid_argument, with its fate, if one of them is given.
void refuse_retired(const std::string& owner, const std::vector<Retired>& retired, const NamedValues& given);

}  // namespace gradus::settings
