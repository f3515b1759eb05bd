#include "experiments/lab/metric_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <boost/crc.hpp>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "experiments/records/sealed.h"

namespace gradus::lab {
namespace {

using namespace std::chrono_literals;

static_assert(std::endian::native == std::endian::little, "the log is little-endian");

constexpr std::size_t frame_head = 8;
constexpr std::size_t row_head = 1 + sizeof(std::uint16_t) + sizeof(std::int64_t);
constexpr std::size_t max_payload = row_head + sizeof(double) * MetricTable::most_numbers;
constexpr std::size_t max_text = 4 << 20;
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

// 0, or errno's.
int make_durable(int descriptor) {
  while (::fdatasync(descriptor) != 0)
    if (errno != EINTR) return errno == EINVAL ? 0 : errno;  // EINVAL: a file that cannot be synced, as a pipe
  return 0;
}

// The frames of a log up to the first that is not whole. Of the file, little more than one is in memory.
class FrameReader {
 public:
  explicit FrameReader(const std::filesystem::path& path) : file_(path), size_(file_.size()) {}
  std::size_t file_size() const { return size_; }

  // Its payload, until the next call.
  std::optional<std::string_view> next() {
    if (ahead(frame_head).size() < frame_head) return std::nullopt;
    const auto length = number_at<std::uint32_t>(ahead(frame_head).data());
    const auto crc = number_at<std::uint32_t>(ahead(frame_head).data() + sizeof length);
    // A tail of zeros, as after a power cut, is no frame: its length is 0.
    if (length == 0 || length > max_payload || length > size_) return std::nullopt;
    const std::string_view frame = ahead(frame_head + length);
    if (frame.size() < frame_head + length) return std::nullopt;
    const std::string_view payload = frame.substr(frame_head);
    if (crc_of(payload.data(), payload.size()) != crc) return std::nullopt;
    used_ += frame.size();
    return payload;
  }

 private:
  // The next bytes, fewer at the file's end. Reads at least a block at a time.
  std::string_view ahead(std::size_t wanted) {
    if (buffer_.size() - used_ < wanted) {
      constexpr std::size_t block = 1 << 16;
      buffer_.erase(0, used_);
      used_ = 0;
      const std::size_t had = buffer_.size();
      buffer_.resize(had + std::max(block, wanted - had));
      buffer_.resize(had + file_.read(std::span(buffer_).subspan(had)));
    }
    return std::string_view(buffer_).substr(used_, wanted);
  }

  records::InputFile file_;
  std::size_t size_, used_ = 0;
  std::string buffer_;
};

// Adds a frame's payload to the contents; false if it makes no sense.
bool take_row(LogContents& log, std::string_view payload) {
  if (payload.size() < row_head) return false;
  const auto number = number_at<std::uint16_t>(payload.data() + 1);
  if (number >= log.tables.size()) return false;
  MetricTable& table = log.tables[number];
  const auto width = static_cast<std::size_t>(table.width());
  if (payload.size() != row_head + width * sizeof(double)) return false;
  std::vector<double> values(width);
  std::memcpy(values.data(), payload.data() + row_head, payload.size() - row_head);
  table.append(number_at<std::int64_t>(payload.data() + 1 + sizeof number), values);
  return true;
}

MetricTable table_of(const nlohmann::json& json) {
  std::vector<Column> columns;
  for (const auto& column : json.at("columns"))
    columns.push_back({column.at("name"), column.at("units"), column.at("long_name"), column.value("axis", ""),
                       column.value("length", std::int64_t{1}), column.value("single_precision", false)});
  return {json.at("name"), std::move(columns), json.at("index").get<std::string>()};
}

bool take(LogContents& log, std::string_view payload) {
  const char kind = payload[0];
  if (kind == 'R') return take_row(log, payload);
  if (payload.size() > max_text) return false;
  try {
    nlohmann::json json = records::parse_json(payload.substr(1));
    if (!json.is_object()) return false;
    const bool first = log.configuration.is_null() && log.tables.empty() && log.attributes.empty();
    if (kind == 'C' && first) {
      log.configuration = std::move(json);
    } else if (kind == 'T') {
      MetricTable table = table_of(json);
      for (const MetricTable& other : log.tables)
        if (other.name() == table.name()) return false;
      log.tables.push_back(std::move(table));
    } else if (kind == 'A') {
      log.attributes.update(json);
    } else if (kind == 'I') {
      for (const auto& [name, sign] : json.items())
        log.attributes[name] = sign.get<int>() * std::numeric_limits<double>::infinity();
    } else {
      return false;
    }
    return true;
  } catch (const std::exception&) {  // not JSON, or not that of a table
    return false;
  }
}

// A row vouches for its table's width. Tables without rows may announce as much as the file is large.
void drop_what_only_announces(LogContents& log, std::size_t bytes) {
  std::erase_if(log.tables, [&](const MetricTable& table) {
    if (table.rows() > 0) return false;
    const std::size_t announced = static_cast<std::size_t>(table.width()) * sizeof(double);
    if (announced > bytes) return true;
    bytes -= announced;
    return false;
  });
}

}  // namespace

MetricLog::MetricLog(const std::filesystem::path& path, const nlohmann::json& configuration)
    : path_(path), file_(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0644) {
  // Whoever asks whether a run goes on holds the lock for a moment.
  for (int tries = 0; records::try_lock(file_.get(), path_) == records::Lock::others; ++tries) {
    if (tries == 100) throw std::runtime_error(path_.string() + ": another process keeps it locked");
    std::this_thread::sleep_for(10ms);
  }
  buffer_.reserve(2 * buffer_limit);
  add_text('C', configuration);
  write_buffer();
  try {
    writer_ = std::thread([this] { hand_over(); });
    syncer_ = std::thread([this] { keep_durable(); });
  } catch (const std::system_error& error) {
    end_threads();
    throw records::SystemError(path_, "cannot start a thread", error.code().value());
  }
}

MetricLog::~MetricLog() {
  end_threads();
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
  add_text('T', schema);
  return tables_++;
}

void MetricLog::add_attributes(const nlohmann::json& attributes) {
  auto infinities = nlohmann::json::object();
  for (const auto& [name, value] : attributes.items())
    if (value.is_number_float() && std::isinf(value.get<double>())) infinities[name] = value.get<double>() > 0 ? 1 : -1;
  const std::lock_guard lock(mutex_);
  add_text('A', attributes);
  if (!infinities.empty()) add_text('I', infinities);
}

void MetricLog::append(std::uint16_t table, std::int64_t index, std::span<const double> values) {
  char head[sizeof table + sizeof index];
  std::memcpy(head, &table, sizeof table);
  std::memcpy(head + sizeof table, &index, sizeof index);
  const std::lock_guard lock(mutex_);
  add_frame('R', {head, sizeof head}, values);
}

void MetricLog::add_text(char kind, const nlohmann::json& json) {
  const std::string text = records::json_text(json);
  if (text.size() >= max_text)
    throw std::invalid_argument(
        fmt::format("{}: a text of {} bytes, less than {} expected", path_.string(), text.size(), max_text));
  add_frame(kind, text, {});
}

void MetricLog::add_frame(char kind, std::string_view head, std::span<const double> values) {
  rethrow();
  const bool was_empty = buffer_.empty();
  const std::size_t size = 1 + head.size() + values.size_bytes();
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
    } catch (const records::SystemError&) {
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
    } catch (const records::SystemError&) {
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

LogContents read_metric_log(const std::filesystem::path& path) {
  return records::within_memory(path, "cannot be read", [&] {
    FrameReader frames(path);
    LogContents log;
    while (const auto payload = frames.next()) {
      if (!take(log, *payload)) break;
      log.whole_bytes += static_cast<std::int64_t>(frame_head + payload->size());
    }
    log.torn_bytes = static_cast<std::int64_t>(frames.file_size()) - log.whole_bytes;
    drop_what_only_announces(log, static_cast<std::size_t>(log.whole_bytes));
    return log;
  });
}

}  // namespace gradus::lab
