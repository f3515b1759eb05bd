#include "experiments/lab/metric_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <bit>
#include <boost/crc.hpp>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "experiments/records/files.h"

namespace gradus::lab {
namespace {

using namespace std::chrono_literals;

static_assert(std::endian::native == std::endian::little, "the log is little-endian");

constexpr std::size_t frame_head = 8;
constexpr std::uint32_t max_payload = 1 << 24;
constexpr std::size_t buffer_limit = 1 << 15;
constexpr auto write_interval = 100ms;
constexpr auto sync_interval = 1s;

std::uint32_t crc_of(const char* data, std::size_t size) {
  boost::crc_32_type crc;
  crc.process_bytes(data, size);
  return crc.checksum();
}

template <class T>
T number_at(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

std::runtime_error system_error(const std::filesystem::path& path, std::string_view what) {
  return std::runtime_error(fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno)));
}

// Adds a frame's payload to the contents; false if it makes no sense.
bool take(LogContents& log, std::string_view payload) {
  const char kind = payload[0];
  payload.remove_prefix(1);
  if (kind == 'R') {
    constexpr std::size_t head = sizeof(std::uint16_t) + sizeof(std::int64_t);
    if (payload.size() < head) return false;
    const auto number = number_at<std::uint16_t>(payload.data());
    if (number >= log.tables.size()) return false;
    Table& table = log.tables[number];
    const auto width = static_cast<std::size_t>(table.width());
    if (payload.size() != head + width * sizeof(double)) return false;
    std::vector<double> values(width);
    std::memcpy(values.data(), payload.data() + head, payload.size() - head);
    table.append(number_at<std::int64_t>(payload.data() + sizeof(std::uint16_t)), values);
    return true;
  }
  const auto json = nlohmann::json::parse(payload, nullptr, false);
  if (!json.is_object()) return false;
  if (kind == 'A') {
    log.attributes.update(json);
    return true;
  }
  if (kind != 'T') return false;
  try {
    std::vector<Column> columns;
    for (const auto& column : json.at("columns"))
      columns.push_back({column.at("name"), column.at("units"), column.at("long_name"), column.value("axis", ""),
                         column.value("length", std::int64_t{1}), column.value("single_precision", false)});
    log.tables.emplace_back(json.at("name"), std::move(columns), json.at("index").get<std::string>());
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

MetricLog::MetricLog(const std::filesystem::path& path)
    : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644)) {
  if (fd_ < 0) throw system_error(path_, "cannot create");
  records::lock_file(fd_);
  buffer_.reserve(2 * buffer_limit);
  thread_ = std::thread([this] { keep_durable(); });
}

MetricLog::~MetricLog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    try {
      write_buffer();
    } catch (const std::exception&) {
    }
  }
  wake_.notify_all();
  thread_.join();
  ::fdatasync(fd_);
  ::close(fd_);
}

std::uint16_t MetricLog::add_table(const Table& table) {
  nlohmann::json schema{{"name", table.name()}, {"index", table.index_name()}, {"columns", nlohmann::json::array()}};
  for (const Column& column : table.columns()) {
    nlohmann::json described{{"name", column.name}, {"units", column.units}, {"long_name", column.long_name}};
    if (!column.axis.empty()) {
      described["axis"] = column.axis;
      described["length"] = column.length;
      described["single_precision"] = column.single_precision;
    }
    schema["columns"].push_back(std::move(described));
  }
  const std::lock_guard lock(mutex_);
  if (tables_ == UINT16_MAX) throw std::invalid_argument(path_.string() + ": more than 65535 tables");
  add_frame('T', schema.dump(), {});
  return tables_++;
}

void MetricLog::add_attributes(const nlohmann::json& attributes) {
  const std::lock_guard lock(mutex_);
  add_frame('A', attributes.dump(), {});
}

void MetricLog::append(std::uint16_t table, std::int64_t index, std::span<const double> values) {
  char head[sizeof table + sizeof index];
  std::memcpy(head, &table, sizeof table);
  std::memcpy(head + sizeof table, &index, sizeof index);
  const std::lock_guard lock(mutex_);
  add_frame('R', {head, sizeof head}, values);
}

void MetricLog::add_frame(char kind, std::string_view head, std::span<const double> values) {
  rethrow();
  const std::size_t size = 1 + head.size() + values.size_bytes();
  if (size > max_payload)
    throw std::invalid_argument(fmt::format("{}: a frame of {} bytes, at most {} expected", path_.string(), size,
                                            max_payload));
  const std::size_t start = buffer_.size();
  buffer_.resize(start + frame_head + size);
  char* payload = buffer_.data() + start + frame_head;
  payload[0] = kind;
  std::memcpy(payload + 1, head.data(), head.size());
  if (!values.empty()) std::memcpy(payload + 1 + head.size(), values.data(), values.size_bytes());
  const auto length = static_cast<std::uint32_t>(size), crc = crc_of(payload, size);
  std::memcpy(buffer_.data() + start, &length, sizeof length);
  std::memcpy(buffer_.data() + start + sizeof length, &crc, sizeof crc);
  dirty_ = true;
  if (buffer_.size() >= buffer_limit || Clock::now() - written_ >= write_interval) write_buffer();
}

void MetricLog::write_buffer() {
  std::size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t written = ::write(fd_, buffer_.data() + done, buffer_.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const auto error = system_error(path_, "cannot write");
      error_ = error.what();
      // What is on disk stays whole: a later try goes on where this one stopped.
      buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(done));
      throw error;
    }
    done += static_cast<std::size_t>(written);
  }
  buffer_.clear();
  written_ = Clock::now();
}

void MetricLog::rethrow() const {
  if (!error_.empty()) throw std::runtime_error(error_);
}

void MetricLog::sync() {
  const std::lock_guard lock(mutex_);
  error_.clear();  // tried again, and set again if it still fails
  write_buffer();
  if (::fdatasync(fd_) != 0 && errno != EINVAL) throw system_error(path_, "cannot sync");
  dirty_ = false;
}

void MetricLog::keep_durable() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, sync_interval, [this] { return stop_; })) {
    if (!dirty_ || !error_.empty()) continue;
    try {
      write_buffer();
    } catch (const std::exception&) {
      continue;  // kept in error_ for the next call
    }
    dirty_ = false;
    lock.unlock();
    const bool failed = ::fdatasync(fd_) != 0 && errno != EINVAL;
    const std::string error = failed ? system_error(path_, "cannot sync").what() : "";
    lock.lock();
    if (failed) error_ = error;
  }
}

LogContents read_metric_log(const std::filesystem::path& path) {
  const std::string text = records::read_file(path);
  LogContents log;
  std::size_t at = 0;
  while (text.size() - at > frame_head) {
    const auto length = number_at<std::uint32_t>(text.data() + at);
    const auto crc = number_at<std::uint32_t>(text.data() + at + sizeof length);
    // A tail of zeros, as after a power cut, is no frame: its length is 0.
    if (length == 0 || length > max_payload || length > text.size() - at - frame_head) break;
    const std::string_view payload = std::string_view(text).substr(at + frame_head, length);
    if (crc_of(payload.data(), payload.size()) != crc || !take(log, payload)) break;
    at += frame_head + length;
  }
  log.whole_bytes = static_cast<std::int64_t>(at);
  log.torn_bytes = static_cast<std::int64_t>(text.size() - at);
  return log;
}

LogContents recover_metric_log(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) throw system_error(path, "cannot open");
  try {
    if (!records::lock_file(fd)) throw std::runtime_error(path.string() + ": belongs to a run that is still running");
    LogContents log = read_metric_log(path);
    if (log.torn_bytes > 0 && (::ftruncate(fd, log.whole_bytes) != 0 || ::fsync(fd) != 0))
      throw system_error(path, "cannot cut the torn end");
    ::close(fd);
    return log;
  } catch (...) {
    ::close(fd);
    throw;
  }
}

}  // namespace gradus::lab
