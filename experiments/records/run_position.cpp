#include "experiments/records/run_position.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include "experiments/records/whole_number.h"

namespace gradus::records {

nlohmann::json infinities_of(const nlohmann::json& object) {
  auto infinities = nlohmann::json::object();
  for (const auto& [name, value] : object.items())
    if (value.is_number_float() && std::isinf(value.get<double>())) infinities[name] = value.get<double>() > 0 ? 1 : -1;
  return infinities;
}

void restore_infinities(nlohmann::json& object, const nlohmann::json& infinities) {
  for (const auto& [name, value] : infinities.items()) {
    const int sign = whole_number<int>(value);
    if (sign != 1 && sign != -1) throw std::invalid_argument("an infinity's sign: expected 1 or -1");
    object[name] = sign * std::numeric_limits<double>::infinity();
  }
}

nlohmann::json json_of(const RunPosition& at) {
  return {{"rows", at.rows},
          {"attributes", at.attributes},
          {"infinities", infinities_of(at.attributes)},
          {"seconds", at.seconds}};
}

RunPosition position_of(const nlohmann::json& json) {
  RunPosition at{json.at("rows"), json.at("attributes"), json.at("seconds").get<double>()};
  if (!at.rows.is_object() || !at.attributes.is_object())
    throw std::invalid_argument("a position's rows and attributes: expected objects");
  restore_infinities(at.attributes, json.at("infinities"));
  return at;
}

}  // namespace gradus::records
