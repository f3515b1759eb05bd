#include "experiments/records/run_position.h"

#include <cmath>
#include <limits>

namespace gradus::records {

nlohmann::json infinities_of(const nlohmann::json& object) {
  auto infinities = nlohmann::json::object();
  for (const auto& [name, value] : object.items())
    if (value.is_number_float() && std::isinf(value.get<double>())) infinities[name] = value.get<double>() > 0 ? 1 : -1;
  return infinities;
}

void restore_infinities(nlohmann::json& object, const nlohmann::json& infinities) {
  for (const auto& [name, sign] : infinities.items())
    object[name] = sign.get<int>() * std::numeric_limits<double>::infinity();
}

nlohmann::json json_of(const RunPosition& at) {
  return {{"rows", at.rows},
          {"attributes", at.attributes},
          {"infinities", infinities_of(at.attributes)},
          {"seconds", at.seconds}};
}

RunPosition position_of(const nlohmann::json& json) {
  RunPosition at{json.at("rows"), json.at("attributes"), json.at("seconds").get<double>()};
  restore_infinities(at.attributes, json.at("infinities"));
  return at;
}

}  // namespace gradus::records
