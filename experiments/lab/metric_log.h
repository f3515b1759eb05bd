// The append-only log of a run: what survives a kill at any moment. Each frame is length (uint32), CRC-32 of the
// payload (uint32) and payload, little-endian; the payload's first byte says what it is: 'T' a table (JSON), 'A'
// attributes (JSON), 'R' a row (uint16 table, int64 index, float64 values).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "experiments/lab/run_table.h"

namespace gradus::lab {

// Writes are collected, given to the system at least every 100 ms while rows arrive, and made durable (fdatasync) every
// second by a thread of its own, so that a slow disk does not slow the training. The file is locked while it is open.
// Throws std::runtime_error with the path where the system fails (for instance for a full disk), in whichever call
// comes next; every whole frame written until then can be replayed.
class MetricLog {
 public:
  // Creates the file; it must not exist.
  explicit MetricLog(const std::filesystem::path& path);
  // Writes what is left, without an error: call sync() to learn of one.
  ~MetricLog();
  MetricLog(const MetricLog&) = delete;
  MetricLog& operator=(const MetricLog&) = delete;

  // Returns the table's number, for append().
  std::uint16_t add_table(const Table& table);
  void add_attributes(const nlohmann::json& attributes);
  void append(std::uint16_t table, std::int64_t index, std::span<const double> values);
  // Returns when everything is durable.
  void sync();

 private:
  using Clock = std::chrono::steady_clock;
  void add_frame(char kind, std::string_view head, std::span<const double> values);  // with the mutex held
  void write_buffer();                                                               // with the mutex held
  void rethrow() const;
  void keep_durable();

  std::filesystem::path path_;
  int fd_ = -1;
  std::uint16_t tables_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<char> buffer_;
  Clock::time_point written_ = Clock::now();
  bool dirty_ = false, stop_ = false;
  std::string error_;
  std::thread thread_;
};

struct LogContents {
  std::vector<Table> tables;
  nlohmann::json attributes = nlohmann::json::object();
  std::int64_t whole_bytes = 0, torn_bytes = 0;  // up to and after the last whole frame
};

// Reads a log up to its first torn or damaged frame. No memory is reserved that the file's size does not vouch for.
LogContents read_metric_log(const std::filesystem::path& path);
// The same, and cuts what comes after the last whole frame off the file. Throws std::runtime_error if a running program
// holds the log.
LogContents recover_metric_log(const std::filesystem::path& path);

}  // namespace gradus::lab
