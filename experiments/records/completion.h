// The completion record of a run, and whether the run is whole.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "experiments/records/sealed.h"

namespace gradus::records {

inline constexpr const char* config_file = "config.json";
inline constexpr const char* log_file = "metrics.log";
inline constexpr const char* run_file = "run.h5";
inline constexpr const char* completion_file = "complete.json";

enum class Status { completed, diverged, failed, interrupted };
std::string_view name_of(Status status);
bool is_result(std::string_view status);  // completed or diverged
// Of a program whose run ended so.
int exit_code_of(std::string_view status);

// 12 hexadecimal digits that stand for a program and its options.
std::string config_hash_of(const std::string& program, const nlohmann::json& options);

enum class Verdict {
  none,          // no complete.json: still running, killed, or never begun
  whole,         // the seal holds, and run.h5 has the recorded size and digest, whatever the status
  damaged,       // read, and not what was written
  other_schema,  // read, and written by another Gradus: not ours to judge
  unreadable     // cannot be read now (EIO, EMFILE, ESTALE, no permission, no memory): says nothing about the run
};

struct Completion {
  Verdict verdict = Verdict::none;
  nlohmann::json record;  // complete.json, where its seal holds
  std::string problem;    // one line, unless the run is whole
  std::string stamp;      // of the run's files, where it is whole
};

// Identity, size and time of change of complete.json, run.h5 and config.json. Throws SystemError where one of the
// first two is not there or cannot be looked at.
std::string stamp_of_run(const std::filesystem::path& folder);

// FOLDER/complete.json, verified. `known` is the stamp of an earlier verdict "whole": while it is still the files'
// stamp, no digest of run.h5 is computed again. Never throws for what it finds.
Completion read_completion(const std::filesystem::path& folder, std::string_view known = {});

// While a process writes into the run's folder: it holds its log's lock. Where the file system has no locks, a whole
// run has ended, and of another it cannot be told. Throws SystemError, then with ENOLCK.
bool is_running(const std::filesystem::path& folder);

}  // namespace gradus::records
