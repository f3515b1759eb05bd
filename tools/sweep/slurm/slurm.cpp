#include "tools/sweep/slurm/slurm.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "experiments/records/program.h"
#include "experiments/records/text.h"
#include "settings/parse.h"
#include "tools/sweep/conversation.h"
#include "tools/sweep/values.h"

namespace gradus::sweep {
namespace {

constexpr auto patience = std::chrono::seconds(60);

using Kind = SlurmTrouble::Kind;

// What a user, or a job in which the sweep runs, has set for these commands would change what they answer.
std::vector<std::string> without_settings_of_others() {
  std::vector<std::string> words = {"/usr/bin/env"};
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::string name(text.substr(0, text.find('=')));
    const bool answers = name.starts_with("SQUEUE_") || name.starts_with("SINFO_") || name.starts_with("SCANCEL_");
    const bool jobs_own = name.starts_with("SLURM_") && name != "SLURM_CONF" && name != "SLURM_CLUSTERS";
    if (answers || jobs_own || name == "SBATCH_WAIT" || name == "SBATCH_ERROR") words.insert(words.end(), {"-u", name});
  }
  words.emplace_back("SLURM_BITSTR_LEN=0");  // ranges of tasks are told as a whole
  return words;
}

// "sbatch: error: Batch job submission failed: REASON": the last line, without the beginning.
std::string reason_in(const std::string& errors) {
  std::string reason;
  for (const std::string& line : split(errors, '\n'))
    if (!trim(line).empty()) reason = trim(line);
  if (const std::size_t error = reason.find("error: "); error != reason.npos) reason.erase(0, error + 7);
  return records::printable(reason);
}

int number_in(std::string_view text, std::string_view what) {
  const auto number = settings::number_in<int>(std::string(trim(text)));
  if (!number) throw SlurmTrouble(fmt::format("{}: '{}' is no number", what, records::printable(text)), Kind::unknown);
  return *number;
}

constexpr const char* format = "--format=%F|%K|%T|%j|%r";

// JOB|TASKS|STATE|NAME|REASON, where tasks are 7 or 3-9,12%4 or N/A.
void add_queued(std::vector<QueuedTasks>& queue, std::string_view line) {
  std::array<std::string_view, 5> fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::size_t end = i + 1 < fields.size() ? line.find('|') : line.size();
    if (end == line.npos)
      throw SlurmTrouble(fmt::format("squeue: {}: expected 5 fields", records::printable(line)), Kind::unknown);
    fields[i] = trim(line.substr(0, end));
    line.remove_prefix(std::min(line.size(), end + 1));
  }
  QueuedTasks tasks{number_in(fields[0], "squeue"), 0, 0, std::string(fields[2]), std::string(fields[3]),
                    std::string(fields[4])};
  for (const std::string& range : split(fields[1].substr(0, fields[1].find('%')), ',')) {
    if (range == "N/A") continue;  // of no array
    const std::size_t dash = range.find('-');
    tasks.first = number_in(range.substr(0, dash), "squeue");
    tasks.last = dash == range.npos ? tasks.first : number_in(range.substr(dash + 1), "squeue");
    queue.push_back(tasks);
  }
}

}  // namespace

std::vector<std::string> Slurm::ask(std::vector<std::string> command, const std::string& input) {
  std::vector<std::string> lines;
  bool sent = input.empty();
  Question question;
  question.argv = without_settings_of_others();
  question.argv.insert(question.argv.end(), command.begin(), command.end());
  question.next_line = [&]() -> std::optional<std::string> {
    return std::exchange(sent, true) ? std::nullopt : std::optional(input);
  };
  question.take_line = [&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  };
  question.patience = patience;
  question.environment = {};
  const Reply reply = converse(children_, signals_, question);
  const std::string reason = reason_in(reply.errors);
  if (reply.late)
    throw SlurmTrouble(
        fmt::format("{}: no answer for {} s{}{}", command[0], patience.count(), reason.empty() ? "" : ": ", reason),
        Kind::away);
  const int code = reply.ending.kind == ProcessEnd::Kind::exited ? reply.ending.value : 128 + reply.ending.value;
  if (code == 127)
    throw records::UsageError(
        fmt::format("--launcher=slurm: no {} here: expected a machine from which Slurm takes jobs", command[0]));
  if (code != 0)
    throw SlurmTrouble(fmt::format("{}: {}", command[0], reason.empty() ? fmt::format("exit code {}", code) : reason),
                       trouble_in(reply.errors));
  return lines;
}

int Slurm::largest_array() {
  for (const std::string& line : ask({"scontrol", "show", "config"}))
    if (line.starts_with("MaxArraySize"))
      return number_in(std::string_view(line).substr(line.find('=') + 1), "scontrol: MaxArraySize");
  throw SlurmTrouble("scontrol show config: tells no MaxArraySize", Kind::unknown);
}

int Slurm::processors(const std::string& partition) {
  std::vector<std::string> command = {"sinfo", "--noheader", "--format=%C"};
  if (!partition.empty()) command.push_back("--partition=" + partition);
  int all = 0;
  for (const std::string& line : ask(command))  // allocated/idle/other/total
    all += number_in(std::string_view(line).substr(line.rfind('/') + 1), "sinfo");
  return all;
}

std::int64_t Slurm::submit(const std::vector<std::string>& options, const std::string& script) {
  std::vector<std::string> command = {"sbatch", "--parsable"};
  command.insert(command.end(), options.begin(), options.end());
  const std::vector<std::string> lines = ask(command, script);
  const std::string answer = lines.empty() ? "" : lines.back();
  return number_in(answer.substr(0, answer.find(';')), "sbatch");  // JOB;CLUSTER
}

std::vector<QueuedTasks> Slurm::queue(const std::vector<std::string>& names) {
  std::vector<QueuedTasks> queue;
  if (names.empty()) return queue;
  for (const std::string& line :
       ask({"squeue", "--noheader", "--me", fmt::format("--name={}", fmt::join(names, ",")), format}))
    add_queued(queue, line);
  return queue;
}

std::vector<QueuedTasks> Slurm::whole(std::int64_t job, const std::string& name) {
  std::vector<QueuedTasks> queue;
  try {
    for (const std::string& line : ask({"squeue", "--noheader", "--states=all", fmt::format("--jobs={}", job), format}))
      add_queued(queue, line);
  } catch (const SlurmTrouble& trouble) {
    if (trouble.kind != Kind::refused) throw;  // otherwise: no such job any more
  }
  // The number may be another's: of a controller that has lost its latest jobs.
  std::erase_if(queue, [&](const QueuedTasks& tasks) { return tasks.job != job || tasks.name != name; });
  return queue;
}

void Slurm::cancel(const std::vector<std::string>& jobs, bool only_waiting) {
  if (jobs.empty()) return;
  std::vector<std::string> command = {"scancel", "--quiet"};
  if (only_waiting) command.emplace_back("--state=PENDING");
  command.insert(command.end(), jobs.begin(), jobs.end());
  ask(command);
}

void Slurm::requeue(const std::string& job) { ask({"scontrol", "requeue", job}); }

}  // namespace gradus::sweep
