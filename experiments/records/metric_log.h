// Writes the append-only log of a run (log_format.h): what survives a kill at any moment.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "experiments/records/files.h"
#include "experiments/records/log_contents.h"
#include "experiments/records/run_position.h"
#include "experiments/records/run_table.h"

namespace gradus::records {

// Writes are collected for at most 100 ms before they are given to the system, and made durable (fdatasync) every
// second, each by a thread of its own: a slow program keeps no row back, and no call but sync() waits for the disk,
// unless the system takes no more before it has written: whoever appends waits for a write that is under way. The file
// is locked while it is open. Throws SystemError with the path where the system fails (for instance for a full
// disk), in whichever call comes next; every whole frame written until then can be replayed.
class MetricLog {
 public:
  // Creates the file, which must not exist, with the run's configuration.
  MetricLog(const std::filesystem::path& path, const nlohmann::json& configuration);
  // Opens one that was left and gives what is in it. Before anything is added, cut_off() is to be called.
  MetricLog(const std::filesystem::path& path, LogContents& contents);
  // Writes what is left, without an error: call sync() to learn of one.
  ~MetricLog();
  MetricLog(const MetricLog&) = delete;
  MetricLog& operator=(const MetricLog&) = delete;

  // Returns the table's number, for append().
  std::uint16_t add_table(const MetricTable& table);
  void add_attributes(const nlohmann::json& attributes);
  // Cuts off what is torn or damaged at the end.
  void cut_off(const LogContents& contents);
  // The run goes on from there.
  void add_return(const RunPosition& to);
  void append(std::uint16_t table, std::int64_t index, std::span<const double> values);
  // Returns when everything is durable. A write that failed is tried again. A sync that failed, also one of the
  // thread's, fails for good: the system may have dropped what was not yet on the disk, and would not say so a second
  // time.
  void sync();

 private:
  using Clock = std::chrono::steady_clock;
  // With the mutex held:
  void add_text(char kind, const nlohmann::json& json);
  void add_frame(char kind, std::string_view head, std::span<const double> values);
  void write_buffer();
  void rethrow() const;
  void lock();
  void start_threads();

  void hand_over();     // the first thread
  void keep_durable();  // the second
  void end_threads();

  std::filesystem::path path_;
  Descriptor file_;
  std::uint16_t tables_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<char> buffer_;
  Clock::time_point written_ = Clock::now();
  bool dirty_ = false, syncing_ = false, sync_failed_ = false, stop_ = false;
  std::optional<SystemError> error_;
  std::thread writer_, syncer_;
};

}  // namespace gradus::records
