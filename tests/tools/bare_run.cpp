// The least that obeys the contract of a run's folder: what a sweep of it costs is the sweep's own.
//   bare_run [--seed=TEXT] [--text=TEXT] [--quiet] --output=FOLDER
//   bare_run --describe | --describe-runs
#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/records/completion.h"
#include "experiments/records/executable.h"
#include "experiments/records/files.h"
#include "experiments/records/program.h"
#include "experiments/records/sealed.h"

namespace gradus {
namespace {

using nlohmann::json;
using Arguments = std::vector<std::string>;

constexpr const char* program = "bare_run";

// The options of a run, with defaults. Sets `output`, where that is given.
json options_of(const Arguments& arguments, std::string& output) {
  std::map<std::string, std::string> values = {{"seed", "0"}, {"text", ""}};
  for (const std::string& argument : arguments) {
    if (argument == "--quiet") continue;
    const std::size_t end = argument.find('=');
    const std::string name = argument.substr(0, end);
    std::string value = end == argument.npos ? "" : argument.substr(end + 1);
    if (name == "--output" && !value.empty())
      output = std::move(value);
    else if (name == "--seed" || name == "--text")
      values[name.substr(2)] = std::move(value);
    else
      throw records::UsageError(fmt::format("{}: expected --seed=, --text=, --quiet or --output=FOLDER", argument));
  }
  return values;
}

json identity() {
  return {
      {"program", program}, {"schema", records::schema_version}, {"executable_sha256", records::executable_sha256()}};
}

int describe_runs() {
  std::cout << records::json_text(identity()) << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    json answer;
    try {
      std::string output;
      const json options = options_of(records::parse_json(line).get<Arguments>(), output);
      answer = {{"options", options}, {"config_hash", records::config_hash_of(program, options)}};
    } catch (const std::exception& error) {
      answer = {{"error", error.what()}};
    }
    std::cout << records::json_text(answer) << std::endl;
  }
  return 0;
}

int run(const Arguments& arguments) {
  std::string output;
  const json options = options_of(arguments, output);
  if (output.empty()) throw records::UsageError("expected --output=FOLDER");
  const std::filesystem::path folder = output;
  records::claim_folder(folder);
  const std::string results = "nothing";
  json record = identity();
  record["options"] = options;
  record["config_hash"] = records::config_hash_of(program, options);
  record["run_id"] = record["config_hash"];
  records::write_file(folder / records::config_file, records::sealed_text(record));
  records::write_file(folder / records::run_file, results);
  record.update({{"status", records::name_of(records::Status::completed)},
                 {"reason", ""},
                 {"run_file", records::run_file},
                 {"sha256", records::sha256(results)},
                 {"size", results.size()},
                 {"rows", json::object()},
                 {"seconds", 0.0}});
  records::write_file(folder / records::completion_file, records::sealed_text(record));
  return 0;
}

}  // namespace
}  // namespace gradus

int main(int argc, char** argv) {
  using namespace gradus;
  return records::guarded_main(program, [&] {
    const Arguments arguments(argv + 1, argv + argc);
    if (arguments == Arguments{"--describe-runs"}) return describe_runs();
    if (arguments != Arguments{"--describe"}) return run(arguments);
    json description = identity();
    description["describe_runs"] = true;
    std::cout << records::json_text(description) << std::endl;
    return 0;
  });
}
