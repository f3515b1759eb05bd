// The folder of one run: claimed, logged to, snapshotted, and completed by a record that can be verified.
//   config.json    program, run id, options: written first
//   metrics.log    every row, as it comes
//   run.h5         everything so far, replaced as a whole from time to time
//   complete.json  status, size and SHA-256 of run.h5: written last; a run is complete when it verifies
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/lab/metric_log.h"
#include "experiments/lab/run_table.h"

namespace gradus::lab {

inline constexpr int schema_version = 1;

enum class Status { completed, diverged, failed, interrupted };
std::string_view name_of(Status status);

class RunFolder;

// A table of a run. Lives as long as the run's folder.
class RunTable {
 public:
  RunTable(RunFolder& folder, Table table);
  // Values in the order of the columns; goes to memory and to the log, and now and then makes a snapshot.
  void append(std::int64_t index, std::span<const double> values);
  void append(std::int64_t index, std::initializer_list<double> values) {
    append(index, std::span(values.begin(), values.size()));
  }
  const Table& contents() const { return table_; }
  std::int64_t rows() const { return table_.rows(); }

 private:
  RunFolder& folder_;
  Table table_;
  std::uint16_t number_;
};

// All members throw std::runtime_error with the path where the system fails.
class RunFolder {
 public:
  // Claims the folder and writes config.json. An existing folder is refused; with overwrite, one that holds a run which
  // is not running is replaced. Also makes the process ignore SIGXFSZ, so that a file size limit is an error like a
  // full disk.
  RunFolder(std::string program, nlohmann::json options, std::uint64_t seed, const std::filesystem::path& folder,
            bool overwrite = false);
  // Keeps the log; without finish() there is no completion record, and the run counts as interrupted.
  ~RunFolder() = default;
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::filesystem::path& path() const { return folder_; }
  const std::string& run_id() const { return run_id_; }
  const std::string& config_hash() const { return config_hash_; }

  // A new table, in a group of its name ("step" at the root). Throws std::invalid_argument for a name that is taken.
  RunTable& table(const std::string& name, std::vector<Column> columns);
  // An attribute of run.h5's root beyond those that every run has.
  void set_attribute(const std::string& name, const nlohmann::json& value);

  // Returns when every row is durable in the log.
  void flush() { log_.sync(); }
  // Writes run.h5 now.
  void snapshot();
  // The last snapshot, then complete.json. Nothing may be appended afterwards.
  void finish(Status status, const std::string& reason = {});
  bool finished() const { return finished_; }

 private:
  friend class RunTable;
  using Clock = std::chrono::steady_clock;
  void row_was_added();
  double seconds() const;

  std::filesystem::path folder_;
  std::string config_hash_, run_id_;
  nlohmann::json config_, attributes_;
  MetricLog log_;
  std::deque<RunTable> tables_;  // addresses stay
  Clock::time_point started_ = Clock::now(), next_snapshot_;
  int rows_until_look_ = 0;
  bool finished_ = false;
};

// 12 hexadecimal digits that stand for a program and its options.
std::string config_hash_of(const std::string& program, const nlohmann::json& options);

// complete.json if there is one and run.h5 has the size and digest that it gives.
std::optional<nlohmann::json> verified_completion(const std::filesystem::path& folder);

// After a kill: cuts the log's torn end, rebuilds run.h5 from the log and records the run as interrupted. A run that is
// complete stays as it is. Returns the completion record. Throws std::runtime_error if the run is still running, or the
// folder holds none.
nlohmann::json recover(const std::filesystem::path& folder);

}  // namespace gradus::lab
