#include "experiments/records/metric_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "experiments/records/log_format.h"
#include "experiments/records/sealed.h"

namespace gradus::records {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t buffer_limit = 1 << 15;
constexpr auto write_interval = 100ms;
constexpr auto sync_interval = 1s;

// 0, or errno's.
int make_durable(int descriptor) {
  while (::fdatasync(descriptor) != 0)
    if (errno != EINTR) return errno == EINVAL ? 0 : errno;  // EINVAL: a file that cannot be synced, as a pipe
  return 0;
}

}  // namespace

MetricLog::MetricLog(const std::filesystem::path& path, const nlohmann::json& configuration)
    : path_(path), file_(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0644) {
  lock();
  add_text('C', configuration);
  write_buffer();
  start_threads();
}

MetricLog::MetricLog(const std::filesystem::path& path, LogContents& contents)
    : path_(path), file_(path, O_WRONLY | O_APPEND) {
  lock();
  contents = read_metric_log(path_, true);
  tables_ = contents.announced;
  start_threads();
}

void MetricLog::cut_off(const LogContents& contents) {
  if (contents.torn_bytes > 0 && ::ftruncate(file_.get(), contents.whole_bytes) != 0)
    throw SystemError(path_, "cannot cut off what is torn", errno);
}

// Whoever asks whether a run goes on holds the lock for a moment.
void MetricLog::lock() {
  buffer_.reserve(2 * buffer_limit);
  for (int tries = 0; try_lock(file_.get(), path_) == Lock::others; ++tries) {
    if (tries == 100) throw std::runtime_error(fmt::format("{}: another process keeps it locked", path_.string()));
    std::this_thread::sleep_for(10ms);
  }
}

void MetricLog::start_threads() {
  try {
    writer_ = std::thread([this] { hand_over(); });
    syncer_ = std::thread([this] { keep_durable(); });
  } catch (const std::system_error& error) {
    end_threads();
    throw SystemError(path_, "cannot start a thread", error.code().value());
  }
}

MetricLog::~MetricLog() {
  end_threads();
  if (!dirty_) return;
  try {
    write_buffer();
  } catch (const std::exception&) {
  }
  make_durable(file_.get());
}

void MetricLog::end_threads() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread* thread : {&writer_, &syncer_})
    if (thread->joinable()) thread->join();
}

std::uint16_t MetricLog::add_table(const MetricTable& table) {
  const Index& index = table.index_column();
  nlohmann::json schema{{"name", table.name()},
                        {"index", index.name},
                        {"index_units", index.units},
                        {"index_long_name", index.long_name},
                        {"columns", nlohmann::json::array()}};
  for (const Column& column : table.columns()) schema["columns"].push_back(json_of(column));
  const std::lock_guard lock(mutex_);
  if (tables_ == UINT16_MAX) throw std::invalid_argument(fmt::format("{}: more than 65535 tables", path_.string()));
  add_text('T', schema);
  return tables_++;
}

void MetricLog::add_attributes(const nlohmann::json& attributes) {
  const nlohmann::json infinities = infinities_of(attributes);
  const std::lock_guard lock(mutex_);
  add_text('A', attributes);
  if (!infinities.empty()) add_text('I', infinities);
}

void MetricLog::add_return(const RunPosition& to) {
  const std::lock_guard lock(mutex_);
  add_text('G', json_of(to));
}

void MetricLog::append(std::uint16_t table, std::int64_t index, std::span<const double> values) {
  char head[sizeof table + sizeof index];
  std::memcpy(head, &table, sizeof table);
  std::memcpy(head + sizeof table, &index, sizeof index);
  const std::lock_guard lock(mutex_);
  add_frame('R', {head, sizeof head}, values);
}

void MetricLog::add_text(char kind, const nlohmann::json& json) {
  const std::string text = json_text(json);
  if (text.size() >= log_format::max_text)
    throw std::invalid_argument(fmt::format("{}: a text of {} bytes, less than {} expected", path_.string(),
                                            text.size(), log_format::max_text));
  add_frame(kind, text, {});
}

void MetricLog::add_frame(char kind, std::string_view head, std::span<const double> values) {
  rethrow();
  const bool was_empty = buffer_.empty();
  const std::size_t size = 1 + head.size() + values.size_bytes();
  const std::size_t start = buffer_.size();
  buffer_.resize(start + log_format::frame_head + size);
  char* payload = buffer_.data() + start + log_format::frame_head;
  payload[0] = kind;
  std::memcpy(payload + 1, head.data(), head.size());
  if (!values.empty()) std::memcpy(payload + 1 + head.size(), values.data(), values.size_bytes());
  const auto length = static_cast<std::uint32_t>(size), crc = log_format::crc_of(payload, size);
  std::memcpy(buffer_.data() + start, &length, sizeof length);
  std::memcpy(buffer_.data() + start + sizeof length, &crc, sizeof crc);
  dirty_ = true;
  if (buffer_.size() >= buffer_limit || Clock::now() - written_ >= write_interval) {
    write_buffer();
  } else if (was_empty) {
    wake_.notify_all();  // the writer, if no row should come soon
  }
}

void MetricLog::write_buffer() {
  std::size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t written = ::write(file_.get(), buffer_.data() + done, buffer_.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      error_.emplace(path_, "cannot write", errno);
      // What is on disk stays whole: a later try goes on where this one stopped.
      buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(done));
      throw *error_;
    }
    done += static_cast<std::size_t>(written);
  }
  buffer_.clear();
  written_ = Clock::now();
}

void MetricLog::rethrow() const {
  if (error_) throw *error_;
}

void MetricLog::sync() {
  std::unique_lock lock(mutex_);
  // The system tells of a failure once, and the thread may be hearing it just now.
  wake_.wait(lock, [this] { return !syncing_; });
  if (!sync_failed_) error_.reset();
  rethrow();
  write_buffer();
  if (const int failed = make_durable(file_.get())) {
    sync_failed_ = true;
    throw error_.emplace(path_, "cannot sync", failed);
  }
  dirty_ = false;
}

void MetricLog::hand_over() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stop_ || (!buffer_.empty() && !error_); });
    wake_.wait_until(lock, written_ + write_interval, [this] { return stop_; });
    if (stop_) return;
    if (error_) continue;
    try {
      write_buffer();
    } catch (const SystemError&) {
      // Kept in error_ for the next call.
    }
  }
}

void MetricLog::keep_durable() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, sync_interval, [this] { return stop_; })) {
    if (!dirty_ || error_) continue;
    try {
      write_buffer();
    } catch (const SystemError&) {
      continue;  // kept in error_ for the next call
    }
    dirty_ = false;
    syncing_ = true;
    lock.unlock();
    const int failed = make_durable(file_.get());
    lock.lock();
    syncing_ = false;
    if (failed) {
      sync_failed_ = true;
      error_.emplace(path_, "cannot sync", failed);
    }
    wake_.notify_all();
  }
}

}  // namespace gradus::records
