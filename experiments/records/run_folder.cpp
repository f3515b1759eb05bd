#include "experiments/records/run_folder.h"

#include <fmt/format.h>

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

}  // namespace

RunTable::RunTable(RunFolder& folder, MetricTable table)
    : folder_(folder), table_(std::move(table)), number_(folder.log_.add_table(table_)) {}

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
                     std::chrono::milliseconds snapshot_interval)
    : configuration_(configuration_of(program, std::move(options), seed)),
      attributes_(base_attributes(configuration_)),
      claim_(folder),
      log_(folder / log_file, configuration_),
      snapshot_interval_(snapshot_interval),
      next_snapshot_(started_ + snapshot_interval_) {
  write_file(folder / config_file, sealed_text(configuration_));
  claim_.kept = true;
}

RunTable& RunFolder::table(const std::string& name, std::vector<Column> columns, Index index) {
  if (finished_) throw std::logic_error(fmt::format("table '{}': the run is finished", name));
  if (std::any_of(tables_.begin(), tables_.end(),
                  [&](const RunTable& other) { return other.contents().name() == name; }))
    throw std::invalid_argument(fmt::format("table '{}': the name is taken", name));
  return tables_.emplace_back(*this, MetricTable(name, std::move(columns), std::move(index)));
}

void RunFolder::set_attribute(const std::string& name, const nlohmann::json& value) {
  if (finished_) throw std::logic_error(fmt::format("attribute '{}': the run is finished", name));
  if (name.empty() || recordable(name) != name)
    throw std::invalid_argument(fmt::format("attribute '{}': expected a name in UTF-8", name));
  if (std::find(reserved.begin(), reserved.end(), name) != reserved.end())
    throw std::invalid_argument(fmt::format("attribute '{}' is set by the run itself", name));
  const nlohmann::json kept = value.is_string() ? nlohmann::json(recordable(value.get<std::string>())) : value;
  attributes_[name] = kept;
  log_.add_attributes({{name, kept}});
}

// Each row looks at the clock: rows may come fast or slow, and change from one to the other.
void RunFolder::row_was_added() {
  if (Clock::now() >= next_snapshot_) snapshot();
}

double RunFolder::seconds() const { return std::chrono::duration<double>(Clock::now() - started_).count(); }

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
