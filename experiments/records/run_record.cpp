#include "experiments/records/run_record.h"

#include <fmt/format.h>

#include <chrono>
#include <random>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/provenance.h"
#include "experiments/records/run_file.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"

namespace gradus::records {

namespace fs = std::filesystem;

nlohmann::json configuration_of(const std::string& program, nlohmann::json options, std::uint64_t seed,
                                nlohmann::json controls) {
  const std::string now = iso_time(std::chrono::system_clock::now());
  const std::string hash = config_hash_of(program, options);
  nlohmann::json environment = provenance_json();
  environment["started"] = now;
  environment["threads"] = options.value("threads", 1);
  return {{"program", program},
          {"schema", schema_version},
          {"run_id", fmt::format("{}-{}-{:08x}", hash, now, std::random_device{}())},
          {"config_hash", hash},
          {"seed", seed},
          {"options", std::move(options)},
          {"controls", std::move(controls)},
          {"environment", std::move(environment)}};
}

nlohmann::json base_attributes(const nlohmann::json& configuration) {
  nlohmann::json attributes = configuration.at("environment");
  attributes["Conventions"] = "CF-1.8";
  attributes["schema_version"] = schema_version;  // of the file; an earlier Gradus may have written the log
  for (const char* name : {"program", "run_id", "config_hash", "seed"}) attributes[name] = configuration.at(name);
  attributes["config"] = json_text(configuration.at("options"));
  for (const auto& [name, value] : configuration.at("options").items()) attributes["option_" + name] = value;
  return attributes;
}

std::string recordable(const std::string& text) {
  const bool as_it_is = is_utf8(text) && text.find('\0') == std::string::npos;
  return as_it_is ? text : printable(text, std::string::npos);
}

nlohmann::json rows_of(const std::vector<const MetricTable*>& tables) {
  auto rows = nlohmann::json::object();
  for (const MetricTable* table : tables) rows[table->name()] = table->rows();
  return rows;
}

void write_snapshot(const fs::path& folder, const std::vector<const MetricTable*>& tables, nlohmann::json attributes,
                    const Ending& ending) {
  attributes["status"] = ending.status;
  attributes["reason"] = ending.reason;
  attributes["ended"] = ending.ended;
  attributes["seconds"] = ending.seconds;
  write_run_file(folder / run_file, tables, attributes);
}

nlohmann::json write_completion(const fs::path& folder, const std::vector<const MetricTable*>& tables,
                                const nlohmann::json& configuration, nlohmann::json attributes, const Ending& ending) {
  write_snapshot(folder, tables, std::move(attributes), ending);
  const fs::path file = folder / run_file;
  nlohmann::json record{{"schema", schema_version},
                        {"status", ending.status},
                        {"reason", ending.reason},
                        {"run_file", run_file},
                        {"sha256", sha256_of_file(file)},
                        {"size", fs::file_size(file)},
                        {"rows", rows_of(tables)},
                        {"seconds", ending.seconds},
                        {"program", configuration.at("program")},
                        {"run_id", configuration.at("run_id")},
                        {"config_hash", configuration.at("config_hash")},
                        {"options", configuration.at("options")},
                        {"executable_sha256", configuration.at("environment").at("executable_sha256")}};
  if (ending.recovered) record["recovered"] = true;
  write_file(folder / completion_file, sealed_text(record));
  return record;
}

}  // namespace gradus::records
