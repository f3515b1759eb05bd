// OUTPUT/sweep.json: a sealed cache of what the runs' folders, their claims and planned.json say. It may be deleted:
// only the exit codes of programs that wrote a record of their own are then forgotten.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace gradus::sweep {

inline constexpr const char* pruned_status = "pruned";  // stopped early: other settings were better (early_stopping.h)

struct RunRow {
  std::string id;  // the name of its folder
  nlohmann::json options = nlohmann::json::object();
  bool effective = false;  // options are all that the run had, not those given to the sweep
  std::string status =
      "pending";  // completed, diverged, failed, pruned, pending; what its folder is: damaged, other_schema, unreadable
  std::optional<int> exit_code = {};  // 128 + signal when one ended it; none while pending
  std::string reason = {};
  std::optional<double> seconds = {};  // that a run with a result took, as it recorded them
  std::string stamp = {};              // of the folder's files when nothing was wrong with them (records/completion.h)
  std::string config_hash = {};        // as the run recorded it
  std::string stage = {};              // in which it was asked for
  std::string build = {};              // SHA-256 of the executable, as recorded, or of the file that was run
  bool told_build = false;             // as recorded
  friend bool operator==(const RunRow&, const RunRow&) = default;
};

// What a file has for the name of a run, or of an array of them, and is none of a folder in OUTPUT.
struct UnusableName : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};
// Throws UnusableName.
void require_folder_name(const std::string& name);

struct Table {
  std::string program;
  std::vector<std::string> command;  // the sweep's own arguments
  std::vector<RunRow> runs;
  std::string stamp = {};  // of the file that says this (records::stamp_of) when it was read

  // None when there is no such file. Throws records::Damaged where it is not what was written, records::OtherSchema
  // where another Gradus wrote it, records::SystemError where it cannot be read now.
  static std::optional<Table> read(const std::filesystem::path& output);

  // Replaces it as a whole. Throws records::SystemError.
  void write(const std::filesystem::path& output) const;
  // Whether the file still is that from which `known` was read, and says the same.
  bool is_written(const std::filesystem::path& output, const Table& known) const;
};

}  // namespace gradus::sweep
