// What is known of each of many runs beside its tables.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace gradus::records {

struct RunFact {
  std::string name;
  std::string units = {};                   // none where there is nothing to count
  std::vector<nlohmann::json> values = {};  // of each run; null where it has none
};

}  // namespace gradus::records
