// The folder of one run: claimed, logged to, snapshotted, and completed by a record that can be verified.
//   metrics.log    the configuration, and every row as it comes
//   config.json    program, run id, options: written before the first row
//   run.h5         everything so far, replaced as a whole from time to time
//   complete.json  status, size and SHA-256 of run.h5: written last; a run is complete when it verifies
//   checkpoint.0, checkpoint.1, checkpoint.at.STEP   from which it goes on (checkpoint.h)
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/records/metric_log.h"
#include "experiments/records/run_record.h"
#include "experiments/records/run_table.h"

namespace gradus::records {

// A log holds fewer rows than a position counts.
struct FewerRows : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A run that was to go on has come to its end meanwhile.
struct HasEnded : std::runtime_error {
  HasEnded(const std::filesystem::path& folder, std::string its_status);
  std::string status;
};

// All members throw std::runtime_error with the path where the system fails.
class RunFolder {
 public:
  // Claims the folder, which must not exist, begins the log and writes config.json. Leaves nothing if it throws. Also
  // makes the process ignore SIGXFSZ, so that a file size limit is an error like a full disk. A snapshot is made with
  // the first row after each interval, or as seldom as keeps its cost below 1 % of the time.
  RunFolder(const std::string& program, nlohmann::json options, std::uint64_t seed, const std::filesystem::path& folder,
            std::chrono::milliseconds snapshot_interval = std::chrono::seconds(30),
            nlohmann::json controls = nlohmann::json::object());
  // Goes on in the folder of a run that was stopped, at a position that a checkpoint of it tells: rows beyond do not
  // count, and what was said of its end is taken back. Throws FewerRows where the log holds less than that, HasEnded,
  // and std::runtime_error where it is of another run or somebody writes it; nothing has changed then.
  RunFolder(const std::filesystem::path& folder, const RunPosition& at,
            std::chrono::milliseconds snapshot_interval = std::chrono::seconds(30));
  // Keeps the log; without finish() there is no completion record, and the run counts as interrupted.
  ~RunFolder() = default;
  // The run did not come to its beginning: the folder goes with this object.
  void abandon() { claim_.kept = false; }
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::filesystem::path& path() const { return claim_.folder; }
  // What config.json holds.
  const nlohmann::json& configuration() const { return configuration_; }

  // What the run has so far, where it goes on: no row beyond it is durable before flush().
  RunPosition position() const;
  // Begins with the rows and attributes that another run had at that position, of which its log tells. Throws
  // std::runtime_error where the log holds less.
  void begin_with(const std::filesystem::path& other, const RunPosition& at);

  // A table, in a group of its name: a new one, or the one that the run had where it goes on, with its rows. Throws
  // std::invalid_argument for a name that is taken, and for other columns than it had.
  RunTable& table(const std::string& name, std::vector<Column> columns, Index index = {});
  // An attribute of run.h5's root beyond those that every run has.
  void set_attribute(const std::string& name, const nlohmann::json& value);

  // Returns when every row is durable in the log.
  void flush() { log_.sync(); }
  // Writes run.h5 now.
  void snapshot();
  // The last snapshot, then complete.json. Nothing may be appended afterwards. A run that failed is recorded even where
  // its log cannot be made durable.
  void finish(Status status, const std::string& reason = {});
  bool finished() const { return finished_; }

 private:
  friend class RunTable;
  using Clock = std::chrono::steady_clock;
  struct Claim {
    explicit Claim(const std::filesystem::path& folder);
    Claim(const std::filesystem::path& existing, bool is_kept) : folder(existing), kept(is_kept) {}
    ~Claim();
    std::filesystem::path folder;
    bool kept = false;
  };
  RunFolder(const std::filesystem::path& folder, LogContents&& left, const RunPosition& at,
            std::chrono::milliseconds snapshot_interval);
  void row_was_added();
  std::vector<const MetricTable*> tables() const;
  double seconds() const;

  nlohmann::json configuration_, attributes_;
  Claim claim_;
  MetricLog log_;
  std::chrono::milliseconds snapshot_interval_;
  std::deque<RunTable> tables_;      // addresses stay
  std::set<std::string> inherited_;  // of those, which the program has not asked for yet
  nlohmann::json program_attributes_ = nlohmann::json::object();
  double seconds_before_ = 0;
  Clock::time_point started_ = Clock::now(), next_snapshot_;
  bool finished_ = false;
};

}  // namespace gradus::records
