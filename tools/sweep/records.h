// What lies on the disk: completion records of runs (read only), the sweep's table sweep.json, its lock.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace gradus::sweep {

struct Completion {
  bool final = false;   // completed or diverged, and the digest verifies: never run again
  std::string status;   // as recorded; empty without a readable record
  std::string reason;   // as recorded
  std::string problem;  // why it is not final, for people
};

// Reads FOLDER/complete.json and verifies size and SHA-256 of the run file. Never throws.
Completion read_completion(const std::filesystem::path& folder);

struct RunRow {
  std::string id;
  nlohmann::json options = nlohmann::json::object();
  std::string status = "pending";  // completed, diverged, failed, pending
  std::optional<int> exit_code;    // 128 + signal when one ended it; none while pending
  std::string reason;
};

struct Table {
  std::string program;
  std::vector<std::string> command;  // the sweep's own arguments
  std::vector<RunRow> runs;

  // OUTPUT/sweep.json; none when there is no such file. Throws std::runtime_error when it is not a sweep's table.
  static std::optional<Table> read(const std::filesystem::path& output);

  // Replaces OUTPUT/sweep.json atomically (new file, fsync, rename). Throws std::runtime_error.
  void write(const std::filesystem::path& output) const;
};

// An exclusive flock on OUTPUT/.lock, held as long as the object lives. The kernel releases it when the process dies.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& output);  // throws std::runtime_error when another sweep holds it
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  static bool held(const std::filesystem::path& output);  // by anyone

 private:
  int file_ = -1;
};

}  // namespace gradus::sweep
