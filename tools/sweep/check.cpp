#include "tools/sweep/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <unordered_set>

#include "experiments/records/completion.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"
#include "tools/sweep/command.h"
#include "tools/sweep/patience.h"

namespace gradus::sweep {
namespace {

using nlohmann::json;

constexpr std::size_t longest_description = 4 << 20;

// How a conversation ended that was not over.
std::string account_of(const Reply& reply) {
  std::string text;
  if (reply.late)
    text = fmt::format("no answer for {} seconds", std::chrono::duration<double>(answer_patience()).count());
  else if (reply.ending.kind == ProcessEnd::Kind::exited)
    text = fmt::format("ended with exit code {}", reply.ending.value);
  else if (reply.ending.kind == ProcessEnd::Kind::not_started)
    text = fmt::format("cannot be started: {}", std::strerror(reply.ending.value));
  else
    text = fmt::format("killed by signal {} ({})", reply.ending.value, ::strsignal(reply.ending.value));
  const std::string line = reply.errors.substr(0, reply.errors.find('\n'));
  return line.empty() ? text : fmt::format("{}: {}", text, records::printable(line));
}

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

class RunCheck {
 public:
  RunCheck(const ProgramDescription& description, std::vector<Combination>& combinations)
      : description_(description), combinations_(combinations) {}

  std::optional<std::string> next_line() {
    if (sent_ == combinations_.size()) return std::nullopt;
    return records::json_text(arguments_of(combinations_[sent_++]));
  }

  bool take(std::string_view line) {
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

  // Why the answers do not count; empty if all are there.
  std::string problem(const Reply& reply) const {
    if (!problem_.empty()) return problem_;
    if (answers_ == combinations_.size() && reply.ending.kind == ProcessEnd::Kind::exited && reply.ending.value == 0)
      return {};
    return fmt::format("{} ({} of {} runs answered)", account_of(reply), answers_, combinations_.size());
  }

  std::string refusal() const {
    if (refused_ == 0) return {};
    return fmt::format("{}{}", refusal_,
                       refused_ > 1 ? fmt::format(" (and {} more runs are refused)", refused_ - 1) : "");
  }

 private:
  void take_header(const json& answer) {
    if (answer.value("schema", json()) != records::schema_version)
      throw std::invalid_argument(fmt::format("expected a header with schema {}", records::schema_version));
    if (records::text_member(answer, "executable_sha256") != description_.build)
      throw std::invalid_argument(
          "another build than a moment ago: it was replaced meanwhile; run the same command again");
    header_ = true;
  }

  void take_answer(const json& answer) {
    if (answers_ == combinations_.size()) throw std::invalid_argument("more answers than runs");
    Combination& combination = combinations_[answers_];
    std::string error = records::text_member(answer, "error");
    combination.config_hash = records::text_member(answer, "config_hash");
    if (error.empty() && combination.config_hash.empty()) throw std::invalid_argument("expected config_hash or error");
    ++answers_;
    if (error.empty()) error = unrecorded(combination, answer);
    if (error.empty()) return;
    if (refused_++ == 0)
      refusal_ = fmt::format("{}: {}", shell_text(arguments_of(combination)), records::printable(error));
  }

  // Runs cannot be told apart by what they do not record, and all would write to the one path it may be.
  static std::string unrecorded(const Combination& combination, const json& answer) {
    const json options = answer.value("options", json()), aliases = answer.value("aliases", json::array());
    if (!options.is_object()) return {};
    for (const Choice& choice : combination.choices)
      if (!is_control(choice.name) && !options.contains(choice.name) &&
          std::find(aliases.begin(), aliases.end(), choice.name) == aliases.end())
        return fmt::format("{}: no part of a run's configuration, expected options that are", choice.name);
    return {};
  }

  const ProgramDescription& description_;
  std::vector<Combination>& combinations_;
  std::size_t sent_ = 0, answers_ = 0, refused_ = 0;
  bool header_ = false;
  std::string problem_, refusal_;
};

}  // namespace

ProgramDescription describe(Children& children, Signals& signals, const std::filesystem::path& program) {
  std::string text;
  Question question;
  question.argv = {program.string(), "--describe"};
  question.patience = answer_patience();
  question.take_line = [&](std::string_view line) {
    text.append(line).push_back('\n');
    return text.size() <= longest_description;
  };
  const Reply reply = converse(children, signals, question);
  if (reply.late) {
    ProgramDescription silent;
    silent.late = true;
    return silent;
  }
  if (reply.stopped) return {};
  if (reply.ending.kind == ProcessEnd::Kind::not_started)
    throw records::SystemError(program, "cannot be started", reply.ending.value);
  if (reply.ending.kind != ProcessEnd::Kind::exited || reply.ending.value != 0) return {};
  try {
    const json told = records::parse_json(text);
    if (!told.is_object()) return {};
    return {records::text_member(told, "program"), records::text_member(told, "executable_sha256"),
            told.value("describe_runs", json()) == true, false};
  } catch (const std::invalid_argument&) {
    return {};
  }
}

void check_runs(Children& children, Signals& signals, const std::filesystem::path& program,
                const ProgramDescription& description, std::vector<Combination>& combinations,
                const Meanwhile& meanwhile) {
  RunCheck check(description, combinations);
  Question question;
  question.argv = {program.string(), "--describe-runs"};
  question.next_line = [&] { return check.next_line(); };
  question.take_line = [&](std::string_view line) { return check.take(line); };
  question.patience = answer_patience();
  question.for_each_line = true;
  question.meanwhile = meanwhile;
  const Reply reply = converse(children, signals, question);
  if (const std::string problem = check.problem(reply); !problem.empty())
    throw std::runtime_error(fmt::format("{} --describe-runs: {}", program.string(), problem));
  if (const std::string refusal = check.refusal(); !refusal.empty())
    throw UsageError(fmt::format("{} refuses {}", description.program, refusal));

  std::unordered_set<std::string> seen;
  std::erase_if(combinations,
                [&](const Combination& combination) { return !seen.insert(combination.config_hash).second; });
}

}  // namespace gradus::sweep
