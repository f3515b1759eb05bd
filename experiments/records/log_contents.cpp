#include "experiments/records/log_contents.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <string>

#include "experiments/records/files.h"
#include "experiments/records/log_format.h"
#include "experiments/records/run_position.h"
#include "experiments/records/sealed.h"
#include "experiments/records/whole_number.h"

namespace gradus::records {
namespace {

using namespace log_format;

template <class T>
T number_at(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
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

  InputFile file_;
  std::size_t size_, used_ = 0;
  std::string buffer_;
};

// Adds a frame's payload to the contents; false if it makes no sense.
bool take_row(LogContents& log, std::string_view payload) {
  if (payload.size() < row_head) return false;
  const auto number = number_at<std::uint16_t>(payload.data() + 1);
  if (number >= log.tables.size()) return false;  // while it is read none is left out
  MetricTable& table = log.tables[number];
  const auto width = static_cast<std::size_t>(table.width());
  if (payload.size() != row_head + width * sizeof(double)) return false;
  std::vector<double> values(width);
  // A table may have no columns, and then there is no memory to copy to.
  if (width > 0) std::memcpy(values.data(), payload.data() + row_head, payload.size() - row_head);
  table.append(number_at<std::int64_t>(payload.data() + 1 + sizeof number), values);
  return true;
}

MetricTable table_of(const nlohmann::json& json) {
  std::vector<Column> columns;
  for (const auto& column : json.at("columns")) columns.push_back(column_of(column));
  const Index usual{};
  return {
      json.at("name"), std::move(columns),
      Index{json.at("index"), json.value("index_units", usual.units), json.value("index_long_name", usual.long_name)}};
}

// Throws std::invalid_argument where the log has fewer rows, or that is no number.
void go_back(LogContents& log, const RunPosition& to) {
  for (MetricTable& table : log.tables) table.keep_first(whole_number<std::int64_t>(to.rows, table.name().c_str(), 0));
}

bool take(LogContents& log, std::string_view payload) {
  const char kind = payload[0];
  if (kind == 'R') return take_row(log, payload);
  if (payload.size() > max_text) return false;
  try {
    nlohmann::json json = parse_json(payload.substr(1));
    if (!json.is_object()) return false;
    const bool first = log.configuration.is_null() && log.tables.empty() && log.attributes.empty();
    if (kind == 'C' && first) {
      log.configuration = std::move(json);
    } else if (kind == 'T') {
      MetricTable table = table_of(json);
      for (const MetricTable& other : log.tables)
        if (other.name() == table.name()) return false;
      log.tables.push_back(std::move(table));
      log.numbers.push_back(log.announced++);
    } else if (kind == 'A') {
      log.attributes.update(json);
    } else if (kind == 'I') {
      restore_infinities(log.attributes, json);
    } else if (kind == 'G') {
      go_back(log, position_of(json));
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
  std::vector<MetricTable> kept;
  std::vector<std::uint16_t> numbers;
  for (std::size_t i = 0; i < log.tables.size(); ++i) {
    MetricTable& table = log.tables[i];
    const std::size_t needed = table.rows() > 0 ? 0 : static_cast<std::size_t>(table.width()) * sizeof(double);
    if (needed > bytes) continue;
    bytes -= needed;
    kept.push_back(std::move(table));
    numbers.push_back(log.numbers[i]);
  }
  log.tables = std::move(kept);
  log.numbers = std::move(numbers);
}

// No place is behind the rows that are left.
void take_back(const LogContents& log, std::span<LogMark> marks) {
  for (LogMark& mark : marks)
    for (const MetricTable& table : log.tables)
      if (const auto rows = mark.rows.find(table.name()); rows != mark.rows.end())
        rows->second = std::min(rows->second, table.rows());
}

// Notes the places that the run has passed with the frame just taken, or to which it has gone back.
void pass(const LogContents& log, std::string_view payload, std::span<LogMark> marks) {
  if (marks.empty() || (payload[0] != 'R' && payload[0] != 'G')) return;
  const auto steps = std::find_if(log.tables.begin(), log.tables.end(),
                                  [](const MetricTable& table) { return table.name() == "step"; });
  if (steps == log.tables.end()) return;
  const std::int64_t last = steps->rows() > 0 ? steps->index().back() : -1;
  const auto first_ahead = [&] { return std::ranges::partition_point(marks, &LogMark::passed); };
  for (auto mark = first_ahead(); mark != marks.begin() && (--mark)->step > last;) *mark = {mark->step};
  if (payload[0] == 'G') take_back(log, marks);
  for (auto mark = first_ahead(); mark != marks.end() && mark->step <= last; ++mark) {
    mark->passed = true;
    for (const MetricTable& table : log.tables) mark->rows[table.name()] = table.rows();
    --mark->rows[steps->name()];
  }
}

LogContents read(const std::filesystem::path& path, bool goes_on, std::span<LogMark> marks) {
  return within_memory(path, "cannot be read", [&] {
    FrameReader frames(path);
    LogContents log;
    while (const auto payload = frames.next()) {
      if (!take(log, *payload)) break;
      pass(log, *payload, marks);
      log.whole_bytes += static_cast<std::int64_t>(frame_head + payload->size());
    }
    log.torn_bytes = static_cast<std::int64_t>(frames.file_size()) - log.whole_bytes;
    if (!goes_on) drop_what_only_announces(log, static_cast<std::size_t>(log.whole_bytes));
    for (LogMark& mark : marks)
      for (const MetricTable& table : log.tables)  // some have been announced later than a mark was passed
        mark.rows.try_emplace(table.name(), mark.passed ? 0 : table.rows());
    return log;
  });
}

}  // namespace

bool begins_a_log(std::string_view first_bytes) {
  static_assert(log_beginning == frame_head + std::string_view("C{").size());
  return first_bytes.size() == log_beginning && first_bytes.ends_with("C{");
}

LogContents read_metric_log(const std::filesystem::path& path, bool goes_on) { return read(path, goes_on, {}); }

LogContents read_metric_log(const std::filesystem::path& path, std::span<LogMark> marks) {
  return read(path, false, marks);
}

}  // namespace gradus::records
