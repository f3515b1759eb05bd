#include "tools/sweep/check.h"

#include <fmt/format.h>

#include <cstring>
#include <stdexcept>
#include <unordered_set>

#include "experiments/records/text.h"
#include "tools/sweep/patience.h"

namespace gradus::sweep {
namespace {

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

// Why the answers do not count; empty if all are there.
std::string problem_of(const RunAnswers& answers, const std::vector<Combination>& combinations, const Reply& reply) {
  if (!answers.problem().empty()) return answers.problem();
  if (answers.all_answered() && reply.ending.kind == ProcessEnd::Kind::exited && reply.ending.value == 0) return {};
  return fmt::format("{} ({} of {} runs answered)", account_of(reply), answers.answered(), combinations.size());
}

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
  return description_in(text);
}

void check_runs(Children& children, Signals& signals, const std::filesystem::path& program,
                const ProgramDescription& description, std::vector<Combination>& combinations,
                const Meanwhile& meanwhile) {
  RunAnswers answers(description, combinations);
  Question question;
  question.argv = {program.string(), "--describe-runs"};
  question.next_line = [&] { return answers.next_line(); };
  question.take_line = [&](std::string_view line) { return answers.take(line); };
  question.patience = answer_patience();
  question.for_each_line = true;
  question.meanwhile = meanwhile;
  const Reply reply = converse(children, signals, question);
  if (const std::string problem = problem_of(answers, combinations, reply); !problem.empty())
    throw std::runtime_error(fmt::format("{} --describe-runs: {}", program.string(), problem));
  if (const std::string refusal = answers.refusal(); !refusal.empty())
    throw UsageError(fmt::format("{} refuses {}", description.program, refusal));

  std::unordered_set<std::string> seen;
  std::erase_if(combinations,
                [&](const Combination& combination) { return !seen.insert(combination.config_hash).second; });
}

}  // namespace gradus::sweep
