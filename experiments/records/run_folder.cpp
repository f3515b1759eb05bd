#include "experiments/records/run_folder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <csignal>
#include <stdexcept>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/provenance.h"
#include "experiments/records/run_file.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"

namespace gradus::records {
namespace {

namespace fs = std::filesystem;

constexpr int snapshot_share = 100;

const std::vector<std::string> reserved{"status",      "reason",  "ended",          "seconds", "config",
                                        "seed",        "run_id",  "schema_version", "program", "executable_sha256",
                                        "config_hash", "NX_class"};

std::vector<std::string> names_of(const std::vector<Column>& columns) {
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  return names;
}

// Of what a log holds, what a position counts.
void keep_rows(const fs::path& folder, LogContents& log, const RunPosition& at) {
  const auto refuse = [&](const std::string& why) {
    throw FewerRows(fmt::format("{}: holds less than the checkpoint counts: {}", (folder / log_file).string(), why));
  };
  for (const auto& [name, rows] : at.rows.items()) {
    const auto found = std::find_if(log.tables.begin(), log.tables.end(),
                                    [&table = name](const MetricTable& other) { return other.name() == table; });
    if (found == log.tables.end() && rows > 0) refuse(fmt::format("no table '{}'", name));
  }
  try {
    for (MetricTable& table : log.tables) table.keep_first(at.rows.value(table.name(), std::int64_t{0}));
  } catch (const std::invalid_argument& error) {
    refuse(error.what());
  }
}

}  // namespace

HasEnded::HasEnded(const fs::path& folder, std::string its_status)
    : std::runtime_error(fmt::format("the run in {} is {}", folder.string(), its_status)),
      status(std::move(its_status)) {}

RunTable::RunTable(RunFolder& folder, MetricTable table)
    : folder_(folder), table_(std::move(table)), number_(folder.log_.add_table(table_)) {}

RunTable::RunTable(RunFolder& folder, MetricTable table, std::uint16_t number)
    : folder_(folder), table_(std::move(table)), number_(number) {}

void RunTable::append(std::int64_t index, std::span<const double> values) {
  if (folder_.finished_) throw std::logic_error(fmt::format("table '{}': the run is finished", table_.name()));
  if (!table_.index().empty() && index <= table_.index().back())
    throw std::invalid_argument(fmt::format("table '{}': {} {} after {}, expected a larger one", table_.name(),
                                            table_.index_column().name, index, table_.index().back()));
  table_.append(index, values);
  folder_.log_.append(number_, index, values);
  folder_.row_was_added();
}

RunFolder::Claim::Claim(const fs::path& claimed) : folder(claimed) {
  std::signal(SIGXFSZ, SIG_IGN);
  claim_folder(folder);
}

RunFolder::Claim::~Claim() {
  std::error_code ignored;
  if (!kept) fs::remove_all(folder, ignored);
}

RunFolder::RunFolder(const std::string& program, nlohmann::json options, std::uint64_t seed, const fs::path& folder,
                     std::chrono::milliseconds snapshot_interval, nlohmann::json controls)
    : configuration_(configuration_of(program, std::move(options), seed, std::move(controls))),
      attributes_(base_attributes(configuration_)),
      claim_(folder),
      log_(folder / log_file, configuration_),
      snapshot_interval_(snapshot_interval),
      next_snapshot_(started_ + snapshot_interval_) {
  write_file(folder / config_file, sealed_text(configuration_));
  claim_.kept = true;
}

RunFolder::RunFolder(const fs::path& folder, const RunPosition& at, std::chrono::milliseconds snapshot_interval)
    : RunFolder(folder, LogContents(), at, snapshot_interval) {}

RunFolder::RunFolder(const fs::path& folder, LogContents&& left, const RunPosition& at,
                     std::chrono::milliseconds snapshot_interval)
    : claim_(folder, true),
      log_(folder / log_file, left),
      snapshot_interval_(snapshot_interval),
      next_snapshot_(started_ + snapshot_interval_) {
  std::signal(SIGXFSZ, SIG_IGN);
  configuration_ = read_current(folder / config_file);
  if (left.configuration != configuration_)
    throw std::runtime_error(fmt::format("{}: is of another run than {}", (folder / log_file).string(), config_file));
  if (const Completion found = read_completion(folder); is_result(text_member(found.record, "status")))
    throw HasEnded(folder, text_member(found.record, "status"));
  attributes_ = base_attributes(configuration_);
  keep_rows(folder, left, at);
  fs::remove(folder / completion_file);  // it vouches for what is changed now
  log_.cut_off(left);
  log_.add_return(at);
  for (std::size_t i = 0; i < left.tables.size(); ++i) {
    inherited_.insert(left.tables[i].name());
    tables_.emplace_back(*this, std::move(left.tables[i]), left.numbers[i]);
  }
  program_attributes_ = at.attributes;
  attributes_.update(at.attributes);
  seconds_before_ = at.seconds;
  log_.sync();
}

void RunFolder::begin_with(const fs::path& other, const RunPosition& at) {
  LogContents theirs = read_metric_log(other / log_file);
  keep_rows(other, theirs, at);
  for (MetricTable& table : theirs.tables) {
    inherited_.insert(table.name());
    const RunTable& ours = tables_.emplace_back(*this, std::move(table));
    const MetricTable& rows = ours.contents();
    const auto number = static_cast<std::uint16_t>(tables_.size() - 1);
    for (std::int64_t i = 0; i < rows.rows(); ++i)
      log_.append(number, rows.index()[static_cast<std::size_t>(i)], rows.row(i));
  }
  for (const auto& [name, value] : at.attributes.items()) set_attribute(name, value);
  seconds_before_ = at.seconds;
}

RunPosition RunFolder::position() const { return {rows_of(tables()), program_attributes_, seconds()}; }

RunTable& RunFolder::table(const std::string& name, std::vector<Column> columns, Index index) {
  if (finished_) throw std::logic_error(fmt::format("table '{}': the run is finished", name));
  const auto taken = std::find_if(tables_.begin(), tables_.end(),
                                  [&](const RunTable& other) { return other.contents().name() == name; });
  if (taken == tables_.end())
    return tables_.emplace_back(*this, MetricTable(name, std::move(columns), std::move(index)));
  if (inherited_.erase(name) == 0) throw std::invalid_argument(fmt::format("table '{}': the name is taken", name));
  const MetricTable asked(name, std::move(columns), std::move(index)), &had = taken->contents();
  if (asked.columns() != had.columns() || asked.index_column() != had.index_column())
    throw std::invalid_argument(fmt::format("table '{}': the run that goes on had other columns there: {}, now {}",
                                            name, fmt::join(names_of(had.columns()), ", "),
                                            fmt::join(names_of(asked.columns()), ", ")));
  return *taken;
}

void RunFolder::set_attribute(const std::string& name, const nlohmann::json& value) {
  if (finished_) throw std::logic_error(fmt::format("attribute '{}': the run is finished", name));
  if (name.empty() || recordable(name) != name)
    throw std::invalid_argument(fmt::format("attribute '{}': expected a name in UTF-8", name));
  if (std::find(reserved.begin(), reserved.end(), name) != reserved.end())
    throw std::invalid_argument(fmt::format("attribute '{}' is set by the run itself", name));
  const nlohmann::json kept = value.is_string() ? nlohmann::json(recordable(value.get<std::string>())) : value;
  attributes_[name] = kept;
  program_attributes_[name] = kept;
  log_.add_attributes({{name, kept}});
}

// Each row looks at the clock: rows may come fast or slow, and change from one to the other.
void RunFolder::row_was_added() {
  if (Clock::now() >= next_snapshot_) snapshot();
}

double RunFolder::seconds() const {
  return seconds_before_ + std::chrono::duration<double>(Clock::now() - started_).count();
}

std::vector<const MetricTable*> RunFolder::tables() const {
  std::vector<const MetricTable*> all;
  for (const RunTable& table : tables_) all.push_back(&table.contents());
  return all;
}

void RunFolder::snapshot() {
  if (finished_)
    throw std::logic_error(fmt::format("{}: no snapshot of a run that is finished", claim_.folder.string()));
  const auto begin = Clock::now();
  log_.sync();
  write_snapshot(claim_.folder, tables(), attributes_, {"running", "", "", seconds()});
  const auto end = Clock::now();
  next_snapshot_ = end + std::max<Clock::duration>(snapshot_interval_, snapshot_share * (end - begin));
}

void RunFolder::finish(Status status, const std::string& reason) {
  if (finished_) throw std::logic_error(fmt::format("{}: the run is finished already", claim_.folder.string()));
  try {
    log_.sync();
  } catch (const SystemError&) {
    // All rows are in memory too, and run.h5 is made durable by itself; but such a run has not gone well.
    if (status == Status::completed || status == Status::diverged) throw;
  }
  const std::string ended = iso_time(std::chrono::system_clock::now());
  write_completion(claim_.folder, tables(), configuration_, attributes_,
                   {std::string(name_of(status)), recordable(reason), ended, seconds()});
  finished_ = true;
}

}  // namespace gradus::records
