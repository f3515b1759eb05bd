// How far a run's record has come: what a checkpoint says of it, and the log where a run went on.
#pragma once

#include <nlohmann/json.hpp>

namespace gradus::records {

struct RunPosition {
  nlohmann::json rows = nlohmann::json::object();        // of each table, by name
  nlohmann::json attributes = nlohmann::json::object();  // that the program has set
  double seconds = 0;                                    // that the run has taken
};

// JSON knows no infinities: those of the attributes stand apart.
nlohmann::json json_of(const RunPosition& at);
// Throws nlohmann::json::exception or std::invalid_argument for what is none.
RunPosition position_of(const nlohmann::json& json);

// {name: 1 or -1} of the members that are infinite.
nlohmann::json infinities_of(const nlohmann::json& object);
// Throws as position_of().
void restore_infinities(nlohmann::json& object, const nlohmann::json& infinities);

}  // namespace gradus::records
