// A run's log, held against what its complete.json says of it.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "experiments/records/log_contents.h"

namespace gradus::sweep {

// How many rows of each table the log holds, by a complete.json; null where it does not tell: the log may be torn.
nlohmann::json rows_vouched_for(const nlohmann::json& record);

// What is wrong with the contents of the log at `path`, whose run vouches for these rows; empty where nothing is. What
// is looked at: the checksum of each frame, to the file's end, and the number of rows of each table. (A log that was
// cut between two frames behind its last row is not told from a whole one.) Where a run vouches for no table, its file
// may be one of another form.
std::string problem_of_log(const std::filesystem::path& path, const records::LogContents& log,
                           const nlohmann::json& rows);

// What a run has logged, with the marks' places: all of it, or, of one that does not vouch for its log, what there is
// so far. Throws records::Damaged where the log, or complete.json, is not what was written; records::OtherSchema;
// records::SystemError, also where there is no log and none is vouched for.
records::LogContents read_recorded_log(const std::filesystem::path& folder, std::span<records::LogMark> marks = {});

}  // namespace gradus::sweep
