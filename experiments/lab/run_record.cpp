#include "experiments/lab/run_record.h"

#include <fmt/format.h>

#include <chrono>
#include <random>

#include "experiments/lab/provenance.h"
#include "experiments/lab/run_file.h"
#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"

namespace gradus::lab {

namespace fs = std::filesystem;

std::string_view name_of(Status status) {
  switch (status) {
    case Status::completed:
      return "completed";
    case Status::diverged:
      return "diverged";
    case Status::failed:
      return "failed";
    case Status::interrupted:
      return "interrupted";
  }
  return "failed";
}

std::string config_hash_of(const std::string& program, const nlohmann::json& options) {
  return records::sha256(records::json_text({{"program", program}, {"options", options}})).substr(0, 12);
}

nlohmann::json configuration_of(const std::string& program, nlohmann::json options, std::uint64_t seed) {
  const std::string now = iso_time(std::chrono::system_clock::now());
  const std::string hash = config_hash_of(program, options);
  nlohmann::json environment = provenance_json();
  environment["started"] = now;
  environment["threads"] = options.value("threads", 1);
  return {{"program", program},
          {"schema", records::schema_version},
          {"run_id", fmt::format("{}-{}-{:08x}", hash, now, std::random_device{}())},
          {"config_hash", hash},
          {"seed", seed},
          {"options", std::move(options)},
          {"environment", std::move(environment)}};
}

nlohmann::json base_attributes(const nlohmann::json& configuration) {
  nlohmann::json attributes = configuration.at("environment");
  attributes["Conventions"] = "CF-1.8";
  attributes["schema_version"] = configuration.at("schema");
  for (const char* name : {"program", "run_id", "config_hash", "seed"}) attributes[name] = configuration.at(name);
  attributes["config"] = records::json_text(configuration.at("options"));
  for (const auto& [name, value] : configuration.at("options").items()) attributes["option_" + name] = value;
  return attributes;
}

std::string recordable(const std::string& text) {
  const bool as_it_is = records::is_utf8(text) && text.find('\0') == std::string::npos;
  return as_it_is ? text : records::printable(text, std::string::npos);
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
  write_run_file(folder / records::run_file, tables, attributes);
}

nlohmann::json write_completion(const fs::path& folder, const std::vector<const MetricTable*>& tables,
                                const nlohmann::json& configuration, nlohmann::json attributes, const Ending& ending) {
  write_snapshot(folder, tables, std::move(attributes), ending);
  const fs::path file = folder / records::run_file;
  nlohmann::json record{{"schema", records::schema_version},
                        {"status", ending.status},
                        {"reason", ending.reason},
                        {"run_file", records::run_file},
                        {"sha256", records::sha256_of_file(file)},
                        {"size", fs::file_size(file)},
                        {"rows", rows_of(tables)},
                        {"seconds", ending.seconds},
                        {"program", configuration.at("program")},
                        {"run_id", configuration.at("run_id")},
                        {"config_hash", configuration.at("config_hash")},
                        {"options", configuration.at("options")},
                        {"executable_sha256", configuration.at("environment").at("executable_sha256")}};
  if (ending.recovered) record["recovered"] = true;
  records::write_file(folder / records::completion_file, records::sealed_text(record));
  return record;
}

}  // namespace gradus::lab
