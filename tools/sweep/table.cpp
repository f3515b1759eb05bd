#include "tools/sweep/table.h"

#include <fmt/format.h>

#include <cerrno>

#include "experiments/records/completion.h"
#include "experiments/records/descriptor.h"
#include "experiments/records/sealed.h"
#include "experiments/records/whole_number.h"
#include "tools/sweep/shared_file.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

RunRow row_of(const json& run) {
  RunRow row;
  row.id = run.at("id").get<std::string>();
  row.options = run.at("options");
  row.effective = run.value("options_are_effective", false);
  row.status = run.at("status").get<std::string>();
  if (!run.at("exit_code").is_null()) row.exit_code = records::whole_number<int>(run["exit_code"]);
  row.reason = run.at("reason").get<std::string>();
  row.stamp = run.value("stamp", std::string());
  row.config_hash = run.value("config_hash", std::string());
  row.stage = run.value("stage", std::string());
  row.build = run.value("executable_sha256", std::string());
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
  if (!row.stamp.empty()) run["stamp"] = row.stamp;
  if (!row.config_hash.empty()) run["config_hash"] = row.config_hash;
  if (!row.stage.empty()) run["stage"] = row.stage;
  if (!row.build.empty()) run["executable_sha256"] = row.build;
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
    const json document = records::read_current(path);
    Table table;
    table.program = document.at("program").get<std::string>();
    table.command = document.at("command").get<std::vector<std::string>>();
    for (const json& run : document.at("runs")) table.runs.push_back(row_of(run));
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

}  // namespace gradus::sweep
