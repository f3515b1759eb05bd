#include "tools/sweep/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "experiments/records/sealed.h"
#include "experiments/records/text.h"
#include "tools/sweep/command.h"

namespace gradus::sweep {
namespace {

using nlohmann::json;

std::vector<std::string> arguments_of(const Combination& combination) {
  std::vector<std::string> arguments = combination.arguments();
  arguments.insert(arguments.end(), combination.controls.begin(), combination.controls.end());
  if (combination.first_stop) arguments.push_back(fmt::format("--stop-at={}", *combination.first_stop));
  return arguments;
}

// No parts of a run's configuration by their names, and yet no paths that runs would share: what is drawn anew is
// recorded with the fork, and the others change no result.
bool is_control(const std::string& name) {
  return name == "reseed" || name == "checkpoint_interval" || name == "fingerprint_interval";
}

// Runs cannot be told apart by what they do not record, and all would write to the one path it may be.
std::string unrecorded(const Combination& combination, const json& answer) {
  const json options = answer.value("options", json()), aliases = answer.value("aliases", json::array());
  if (!options.is_object()) return {};
  for (const Choice& choice : combination.choices)
    if (!is_control(choice.name) && !options.contains(choice.name) &&
        std::find(aliases.begin(), aliases.end(), choice.name) == aliases.end())
      return fmt::format("{}: no part of a run's configuration, expected options that are", choice.name);
  return {};
}

// By the options of our programs that say it.
std::optional<std::int64_t> length_in(const json& answer) {
  const json options = answer.value("options", json());
  for (const char* name : {"steps", "budget_steps"}) {
    const json steps = options.is_object() ? options.value(name, json()) : json();
    if (steps.is_number_integer() && steps.get<std::int64_t>() > 0) return steps.get<std::int64_t>();
  }
  return std::nullopt;
}

}  // namespace

ProgramDescription description_in(std::string_view text) {
  try {
    const json told = records::parse_json(text);
    if (!told.is_object()) return {};
    return {records::text_member(told, "program"), records::text_member(told, "executable_sha256"),
            told.value("describe_runs", json()) == true, false};
  } catch (const std::invalid_argument&) {
    return {};
  }
}

std::optional<std::string> RunAnswers::next_line() {
  if (sent_ == combinations_.size()) return std::nullopt;
  return records::json_text(arguments_of(combinations_[sent_++]));
}

bool RunAnswers::take(std::string_view line) {
  try {
    const json answer = records::parse_json(line);
    if (!answer.is_object()) throw std::invalid_argument("expected an object");
    if (header_)
      take_answer(answer);
    else
      take_header(answer);
  } catch (const std::invalid_argument& error) {
    problem_ = fmt::format("its line {}: {}", header_ ? answers_ + 2 : 1, error.what());
  }
  return problem_.empty();
}

std::string RunAnswers::refusal() const {
  if (refused_ == 0) return {};
  return fmt::format("{}{}", refusal_,
                     refused_ > 1 ? fmt::format(" (and {} more runs are refused)", refused_ - 1) : "");
}

void RunAnswers::take_header(const json& answer) {
  if (answer.value("schema", json()) != records::schema_version)
    throw std::invalid_argument(fmt::format("expected a header with schema {}", records::schema_version));
  if (records::text_member(answer, "executable_sha256") != description_.build)
    throw std::invalid_argument(
        "another build than a moment ago: it was replaced meanwhile; run the same command again");
  header_ = true;
}

void RunAnswers::take_answer(const json& answer) {
  if (all_answered()) throw std::invalid_argument("more answers than runs");
  Combination& combination = combinations_[answers_];
  std::string error = records::text_member(answer, "error");
  combination.config_hash = records::text_member(answer, "config_hash");
  if (error.empty() && combination.config_hash.empty()) throw std::invalid_argument("expected config_hash or error");
  combination.length = length_in(answer);
  ++answers_;
  if (error.empty()) error = unrecorded(combination, answer);
  if (error.empty()) return;
  if (refused_++ == 0)
    refusal_ = fmt::format("{}: {}", shell_text(arguments_of(combination)), records::printable(error));
}

}  // namespace gradus::sweep
