// What a run says of itself: its configuration, the attributes of run.h5, and complete.json at its end.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "experiments/records/completion.h"
#include "experiments/records/run_table.h"

namespace gradus::records {

// A new run's: {program, schema, run_id, config_hash, seed, options, controls, environment}, the contents of
// config.json and of the log's first frame. Controls were asked for too, and decide on no number.
nlohmann::json configuration_of(const std::string& program, nlohmann::json options, std::uint64_t seed,
                                nlohmann::json controls = nlohmann::json::object());

// The attributes of run.h5 that come from a configuration. Throws nlohmann::json::exception if it is none.
nlohmann::json base_attributes(const nlohmann::json& configuration);
// A text that was set from outside, as it can be recorded: bytes that are not UTF-8, and NUL, become \xNN.
std::string recordable(const std::string& text);

// How a run ended, or that it is running.
struct Ending {
  std::string status, reason, ended;
  double seconds;  // since its start
  bool recovered = false;
};

// The number of rows of each.
nlohmann::json rows_of(const std::vector<const MetricTable*>& tables);

// Writes run.h5. Throws std::runtime_error with the path, as does the next.
void write_snapshot(const std::filesystem::path& folder, const std::vector<const MetricTable*>& tables,
                    nlohmann::json attributes, const Ending& ending);
// Writes run.h5, and then complete.json, which it returns.
nlohmann::json write_completion(const std::filesystem::path& folder, const std::vector<const MetricTable*>& tables,
                                const nlohmann::json& configuration, nlohmann::json attributes, const Ending& ending);

}  // namespace gradus::records
