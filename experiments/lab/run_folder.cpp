#include "experiments/lab/run_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <random>
#include <stdexcept>

#include "experiments/records/files.h"
#include "experiments/lab/provenance.h"
#include "experiments/lab/run_file.h"

namespace gradus::lab {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* config_file = "config.json";
constexpr const char* log_file = "metrics.log";
constexpr const char* run_file = "run.h5";
constexpr const char* completion_file = "complete.json";

// A snapshot every 30 s, or as seldom as keeps its cost below 1 % of the time.
constexpr auto snapshot_interval = 30s;
constexpr int snapshot_share = 100;
// Rows between two looks at the clock.
constexpr int rows_per_look = 16;

const std::vector<std::string> reserved{"status", "reason", "ended", "seconds", "config", "run_id", "config_hash"};

std::string pretty(const nlohmann::json& json) { return json.dump(2) + "\n"; }

fs::path claimed(const fs::path& folder, bool overwrite) {
  std::signal(SIGXFSZ, SIG_IGN);
  records::claim_folder(folder, overwrite);
  return folder;
}

nlohmann::json base_attributes(const nlohmann::json& config) {
  nlohmann::json attributes = config.at("environment");
  attributes["Conventions"] = "CF-1.8";
  attributes["schema_version"] = config.at("schema");
  for (const char* name : {"program", "run_id", "config_hash"}) attributes[name] = config.at(name);
  attributes["seed"] = config.at("seed");
  attributes["config"] = config.at("options").dump();
  for (const auto& [name, value] : config.at("options").items()) attributes["option_" + name] = value;
  return attributes;
}

// run.h5 and then, for a run at its end, complete.json.
nlohmann::json write_completion(const fs::path& folder, const std::vector<const Table*>& tables, Status status,
                                const std::string& reason, double seconds) {
  auto rows = nlohmann::json::object();
  for (const Table* table : tables) rows[table->name()] = table->rows();
  const fs::path file = folder / run_file;
  nlohmann::json record{{"schema", schema_version},
                        {"status", name_of(status)},
                        {"reason", reason},
                        {"run_file", run_file},
                        {"sha256", records::sha256_of_file(file)},
                        {"size", fs::file_size(file)},
                        {"rows", std::move(rows)},
                        {"seconds", seconds}};
  records::write_file(folder / completion_file, pretty(record));
  return record;
}

void write_snapshot(const fs::path& folder, const std::vector<const Table*>& tables, nlohmann::json attributes,
                    std::string_view status, const std::string& reason, const std::string& ended, double seconds) {
  attributes["status"] = status;
  attributes["reason"] = reason;
  attributes["ended"] = ended;
  attributes["seconds"] = seconds;
  write_run_file(folder / run_file, tables, attributes);
}

}  // namespace

std::string_view name_of(Status status) {
  switch (status) {
    case Status::completed: return "completed";
    case Status::diverged: return "diverged";
    case Status::failed: return "failed";
    case Status::interrupted: return "interrupted";
  }
  return "failed";
}

std::string config_hash_of(const std::string& program, const nlohmann::json& options) {
  return records::sha256(nlohmann::json{{"program", program}, {"options", options}}.dump()).substr(0, 12);
}

RunTable::RunTable(RunFolder& folder, Table table)
    : folder_(folder), table_(std::move(table)), number_(folder.log_.add_table(table_)) {}

void RunTable::append(std::int64_t index, std::span<const double> values) {
  if (folder_.finished_) throw std::logic_error(fmt::format("table '{}': the run is finished", table_.name()));
  table_.append(index, values);
  folder_.log_.append(number_, index, values);
  folder_.row_was_added();
}

RunFolder::RunFolder(std::string program, nlohmann::json options, std::uint64_t seed, const fs::path& folder,
                     bool overwrite)
    : folder_(claimed(folder, overwrite)),
      config_hash_(config_hash_of(program, options)),
      log_(folder_ / log_file),
      next_snapshot_(started_ + snapshot_interval) {
  const auto now = std::chrono::system_clock::now();
  run_id_ = fmt::format("{}-{}-{:08x}", config_hash_, iso_time(now), std::random_device{}());
  nlohmann::json environment = provenance_json();
  environment["started"] = iso_time(now);
  environment["threads"] = options.value("threads", 1);
  config_ = {{"program", program},           {"schema", schema_version}, {"run_id", run_id_},
             {"config_hash", config_hash_},  {"seed", seed},             {"options", std::move(options)},
             {"environment", std::move(environment)}};
  attributes_ = base_attributes(config_);
  records::write_file(folder_ / config_file, pretty(config_));
}

RunTable& RunFolder::table(const std::string& name, std::vector<Column> columns) {
  const auto taken = [&](const std::string& candidate) {
    return std::any_of(tables_.begin(), tables_.end(), [&](const RunTable& other) {
      const Table& table = other.contents();
      if (table.name() == candidate) return true;
      const auto same = [&](const Column& column) { return column.name == candidate; };
      return table.name() == root_table && std::any_of(table.columns().begin(), table.columns().end(), same);
    });
  };
  const bool clash = taken(name) || (name == root_table && std::any_of(columns.begin(), columns.end(), [&](auto& c) {
                                       return taken(c.name);
                                     }));
  if (clash) throw std::invalid_argument(fmt::format("table '{}': the name of the table or a column is taken", name));
  return tables_.emplace_back(*this, Table(name, std::move(columns)));
}

void RunFolder::set_attribute(const std::string& name, const nlohmann::json& value) {
  if (std::find(reserved.begin(), reserved.end(), name) != reserved.end())
    throw std::invalid_argument(fmt::format("attribute '{}' is set by the run itself", name));
  attributes_[name] = value;
  log_.add_attributes({{name, value}});
}

void RunFolder::row_was_added() {
  if (--rows_until_look_ > 0) return;
  rows_until_look_ = rows_per_look;
  if (Clock::now() >= next_snapshot_) snapshot();
}

double RunFolder::seconds() const { return std::chrono::duration<double>(Clock::now() - started_).count(); }

void RunFolder::snapshot() {
  const auto begin = Clock::now();
  log_.sync();
  std::vector<const Table*> tables;
  for (const RunTable& table : tables_) tables.push_back(&table.contents());
  write_snapshot(folder_, tables, attributes_, "running", "", "", seconds());
  const auto end = Clock::now();
  next_snapshot_ = end + std::max<Clock::duration>(snapshot_interval, snapshot_share * (end - begin));
}

void RunFolder::finish(Status status, const std::string& reason) {
  if (finished_) throw std::logic_error(fmt::format("{}: the run is finished already", folder_.string()));
  log_.sync();
  std::vector<const Table*> tables;
  for (const RunTable& table : tables_) tables.push_back(&table.contents());
  const double wall = seconds();
  write_snapshot(folder_, tables, attributes_, name_of(status), reason, iso_time(std::chrono::system_clock::now()),
                 wall);
  write_completion(folder_, tables, status, reason, wall);
  finished_ = true;
}

std::optional<nlohmann::json> verified_completion(const fs::path& folder) {
  try {
    nlohmann::json record = nlohmann::json::parse(records::read_file(folder / completion_file));
    const fs::path file = folder / run_file;
    if (record.at("schema") == schema_version && fs::file_size(file) == record.at("size").get<std::uintmax_t>() &&
        records::sha256_of_file(file) == record.at("sha256").get<std::string>())
      return record;
  } catch (const std::exception&) {
    // Missing or damaged: not complete.
  }
  return std::nullopt;
}

nlohmann::json recover(const fs::path& folder) {
  if (const auto record = verified_completion(folder)) return *record;
  nlohmann::json config, attributes;
  try {
    config = nlohmann::json::parse(records::read_file(folder / config_file));
    attributes = base_attributes(config);
  } catch (const nlohmann::json::exception&) {
    throw std::runtime_error(fmt::format("{}: not the configuration of a run", (folder / config_file).string()));
  }
  std::error_code error;
  const auto last_write = fs::last_write_time(folder / log_file, error);
  LogContents log = recover_metric_log(folder / log_file);
  attributes.update(log.attributes);
  const auto ended = std::chrono::time_point_cast<std::chrono::system_clock::duration>(
      error ? std::chrono::system_clock::now() : std::chrono::file_clock::to_sys(last_write));
  const double seconds = std::max(
      0.0, std::chrono::duration<double>(ended - parse_iso_time(config.at("environment").at("started"))).count());
  std::vector<const Table*> tables;
  for (const Table& table : log.tables) tables.push_back(&table);
  const std::string reason = fmt::format("ended without finishing; recovered from {}", log_file);
  write_snapshot(folder, tables, std::move(attributes), name_of(Status::interrupted), reason, iso_time(ended), seconds);
  return write_completion(folder, tables, Status::interrupted, reason, seconds);
}

}  // namespace gradus::lab
