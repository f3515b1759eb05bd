// The append-only log of a run: what survives a kill at any moment. Each frame is length (uint32), CRC-32 of the
// payload (uint32) and payload, little-endian; the payload's first byte says what it is: 'C' the run's configuration
// (JSON; the first frame, and no other), 'T' a table (JSON), 'A' attributes (JSON), 'I' attributes that are infinite,
// which JSON does not know (JSON: 1 or -1), 'R' a row (uint16 table, int64 index, float64 values).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "experiments/lab/run_table.h"
#include "experiments/records/files.h"

namespace gradus::lab {

// Writes are collected for at most 100 ms before they are given to the system, and made durable (fdatasync) every
// second, each by a thread of its own: a slow program keeps no row back, and no call but sync() waits for the disk,
// unless the system takes no more before it has written: whoever appends waits for a write that is under way. The file
// is locked while it is open. Throws records::SystemError with the path where the system fails (for instance for a full
// disk), in whichever call comes next; every whole frame written until then can be replayed.
class MetricLog {
 public:
  // Creates the file, which must not exist, with the run's configuration.
  MetricLog(const std::filesystem::path& path, const nlohmann::json& configuration);
  // Writes what is left, without an error: call sync() to learn of one.
  ~MetricLog();
  MetricLog(const MetricLog&) = delete;
  MetricLog& operator=(const MetricLog&) = delete;

  // Returns the table's number, for append().
  std::uint16_t add_table(const MetricTable& table);
  void add_attributes(const nlohmann::json& attributes);
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

  void hand_over();     // the first thread
  void keep_durable();  // the second
  void end_threads();

  std::filesystem::path path_;
  records::Descriptor file_;
  std::uint16_t tables_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<char> buffer_;
  Clock::time_point written_ = Clock::now();
  bool dirty_ = false, syncing_ = false, sync_failed_ = false, stop_ = false;
  std::optional<records::SystemError> error_;
  std::thread writer_, syncer_;
};

struct LogContents {
  nlohmann::json configuration;  // null if the first frame is not whole
  std::vector<MetricTable> tables;
  nlohmann::json attributes = nlohmann::json::object();
  std::int64_t whole_bytes = 0, torn_bytes = 0;  // up to and after the last whole frame before the first damage
};

// Reads a log up to its first torn or damaged frame. No memory is taken that the file's size does not vouch for: a
// table without rows that announces more than that is left out.
LogContents read_metric_log(const std::filesystem::path& path);

}  // namespace gradus::lab
