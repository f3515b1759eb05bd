#include "tools/sweep/table.h"

#include <fmt/format.h>

#include <cerrno>

#include "experiments/records/completion.h"
#include "experiments/records/descriptor.h"
#include "experiments/records/files.h"
#include "experiments/records/sealed.h"
#include "experiments/records/whole_number.h"
#include "tools/sweep/shared_file.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

RunRow row_of(json& run) {
  RunRow row;
  row.id = run.at("id").get<std::string>();
  row.options = std::move(run.at("options"));
  row.effective = run.value("options_are_effective", false);
  row.status = run.at("status").get<std::string>();
  if (!run.at("exit_code").is_null()) row.exit_code = records::whole_number<int>(run["exit_code"]);
  row.reason = run.at("reason").get<std::string>();
  if (const auto seconds = run.find("seconds"); seconds != run.end()) row.seconds = seconds->get<double>();
  row.stamp = run.value("stamp", std::string());
  row.config_hash = run.value("config_hash", std::string());
  row.stage = run.value("stage", std::string());
  row.build = run.value("executable_sha256", std::string());
  row.told_build = run.value("executable_is_recorded", false);
  if (!row.options.is_object()) throw std::invalid_argument("a run's options are not an object");
  require_folder_name(row.id);
  return row;
}

json json_of(const RunRow& row) {
  json run = {{"id", row.id},
              {"folder", row.id},
              {"options", row.options},
              {"status", row.status},
              {"exit_code", row.exit_code ? json(*row.exit_code) : json()},
              {"reason", row.reason}};
  if (row.effective) run["options_are_effective"] = true;
  if (row.seconds) run["seconds"] = *row.seconds;
  if (!row.stamp.empty()) run["stamp"] = row.stamp;
  if (!row.config_hash.empty()) run["config_hash"] = row.config_hash;
  if (!row.stage.empty()) run["stage"] = row.stage;
  if (!row.build.empty()) run["executable_sha256"] = row.build;
  if (row.told_build) run["executable_is_recorded"] = true;
  return run;
}

}  // namespace

void require_folder_name(const std::string& name) {
  if (name.empty() || name.starts_with('.') || name.find('/') != name.npos || name.find('\0') != name.npos)
    throw UnusableName(fmt::format("'{}' is not the name of a run's folder", name));
}

std::optional<Table> Table::read(const fs::path& output) {
  const fs::path path = output / table_file;
  try {
    Table table;
    table.stamp = records::stamp_of(path);
    json document = records::read_current(path);
    table.program = document.at("program").get<std::string>();
    table.command = document.at("command").get<std::vector<std::string>>();
    for (json& run : document.at("runs")) table.runs.push_back(row_of(run));
    return table;
  } catch (const records::SystemError& error) {
    if (error.code == ENOENT || error.code == ENOTDIR) return std::nullopt;
    throw;
  } catch (const records::Damaged&) {
    throw;
  } catch (const records::OtherSchema&) {
    throw;
  } catch (const std::exception& error) {
    throw records::Damaged(fmt::format("{}: damaged: {}", path.string(), error.what()));
  }
}

void Table::write(const fs::path& output) const {
  json document = {{"schema", records::schema_version}, {"program", program}, {"command", command}};
  json& list = document["runs"] = json::array();
  for (const RunRow& run : runs) list.push_back(json_of(run));
  write_shared(output, output / table_file, records::sealed_text(document));
}

bool Table::is_written(const fs::path& output, const Table& known) const {
  std::error_code error;
  return program == known.program && command == known.command && runs == known.runs &&
         fs::exists(output / table_file, error) && records::stamp_of(output / table_file) == known.stamp;
}

}  // namespace gradus::sweep
