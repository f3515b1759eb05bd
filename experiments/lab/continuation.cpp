#include "experiments/lab/continuation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "experiments/lab/options.h"
#include "experiments/records/checkpoint.h"
#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/output.h"
#include "experiments/records/run_file.h"
#include "experiments/records/sealed.h"
#include "settings/parse.h"
#include "settings/text.h"

namespace gradus::lab {
namespace {

namespace fs = std::filesystem;
using Kind = Continuation::Kind;

constexpr std::size_t most_steps = 1'000'000;

// Of the run in a folder. Throws UsageError, which begins with the option, where there is none.
nlohmann::json configuration_in(const fs::path& folder, const std::string& program, const std::string& option) {
  nlohmann::json configuration;
  try {
    configuration = records::read_current(folder / records::config_file);
  } catch (const records::SystemError& error) {
    if (error.code != ENOENT && error.code != ENOTDIR) throw;
    throw UsageError(fmt::format("{}: {} is no run's folder", option, folder.string()));
  }
  if (const std::string theirs = records::text_member(configuration, "program"); theirs != program)
    throw UsageError(
        fmt::format("{}: {} is a run of {}, expected one of {}", option, folder.string(), theirs, program));
  return configuration;
}

// When a run's folder was last given a checkpoint or an end; nothing if it never was.
std::optional<fs::file_time_type> last_word_of(const fs::path& folder) {
  std::optional<fs::file_time_type> last;
  const auto look = [&](const fs::path& file) {
    std::error_code error;
    const auto time = fs::last_write_time(file, error);
    if (!error && (!last || time > *last)) last = time;
  };
  for (const records::CheckpointFile& checkpoint : records::checkpoints_in(folder).whole) look(checkpoint.path);
  look(folder / records::completion_file);
  return last;
}

// Where a run whose output is this works until it has ended: the output, or a hidden folder beside it, where the run is
// to become a file or to replace what is there, if that is newer.
fs::path working_folder(const fs::path& target) {
  std::error_code error;
  std::optional<fs::file_time_type> newest = last_word_of(target);
  if (fs::is_regular_file(target, error)) newest = fs::last_write_time(target, error);
  fs::path found = target;
  if (records::Output::is_a_file(target) && !fs::exists(target, error)) found = records::Output::hidden(target, 1);
  for (int number = 1;; ++number) {
    const fs::path hidden = records::Output::hidden(target, number);
    if (number > 2 && !fs::exists(hidden, error)) return found;
    const auto word = last_word_of(hidden);
    if (!word || (newest && *word <= *newest)) continue;
    newest = word;
    found = hidden;
  }
}

// A folder that was claimed by a run which was killed before it could write more than the beginning of its log and, not
// whole yet, its configuration.
bool has_only_begun(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error) || fs::exists(folder / records::config_file, error)) return false;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename() != records::log_file &&
        entry.path() != records::new_version_of(folder / records::config_file))
      return false;
  return !records::is_running(folder);
}

Continuation resumed(const std::string& program, const fs::path& target) {
  Continuation asked{.kind = Kind::resume, .folder = working_folder(target)};
  asked.checkpoints = asked.folder;
  std::error_code error;
  if (!fs::exists(asked.folder, error)) return {};
  if (fs::is_regular_file(asked.folder, error)) {
    if (records::text_in_run_file(asked.folder, "program") != program)
      throw UsageError(fmt::format("--resume: {} is no run of {}", asked.folder.string(), program));
    asked.kind = Kind::ended;
    asked.status = records::text_in_run_file(asked.folder, "status");
    return asked;
  }
  if (has_only_begun(asked.folder)) {
    records::remove_folder(asked.folder);
    return {};
  }
  asked.configuration = configuration_in(asked.folder, program, "--resume");
  const records::Completion found = records::read_completion(asked.folder);
  asked.status = found.verdict == records::Verdict::whole ? records::text_member(found.record, "status") : "";
  if (records::is_result(asked.status)) {
    asked.kind = Kind::ended;
  } else if (asked.recorded()->contains("replay")) {
    throw UsageError(
        fmt::format("--resume: the run in {} is a replay, of which nothing is kept: --overwrite begins it "
                    "again",
                    asked.folder.string()));
  }
  return asked;
}

Continuation forked(const std::string& program, const std::string& text) {
  const std::size_t at = text.rfind('@');
  const auto step = at == std::string::npos ? std::nullopt : settings::number_in<std::int64_t>(text.substr(at + 1));
  if (!step || *step < 0 || at == 0)
    throw UsageError(
        fmt::format("--fork={}: expected RUN@STEP, a run's folder and how many of its steps to keep", text));
  Continuation asked{.kind = Kind::fork, .folder = text.substr(0, at), .step = *step};
  asked.checkpoints = asked.folder;
  asked.configuration = configuration_in(asked.folder, program, "--fork=" + text);
  return asked;
}

}  // namespace

const nlohmann::json* Continuation::recorded() const {
  return configuration.is_object() ? &configuration.at("options") : nullptr;
}

nlohmann::json Continuation::options() const {
  nlohmann::json all = recorded() ? *recorded() : nlohmann::json::object();
  for (const char* name : origin_notes) all.erase(name);
  if (kind != Kind::resume) return all;
  nlohmann::json controls = configuration.value("controls", nlohmann::json::object());
  for (const char* once : {"resume", "fork", "reseed", "output", "overwrite", "stop_at", "not_bitwise", "quiet"})
    controls.erase(once);
  all.update(controls);
  return all;
}

std::int64_t Continuation::first_step() const {
  const std::string fork = recorded() ? records::text_member(*recorded(), "fork") : "";
  const std::size_t at = fork.find('@');
  if (at == std::string::npos) return 0;
  return settings::number_in<std::int64_t>(std::string_view(fork).substr(at + 1)).value_or(0);
}

std::string Continuation::identity() const {
  const std::string hash = records::text_member(configuration, "config_hash");
  return kind == Kind::fork ? fmt::format("{}@{}", hash, step) : hash;
}

Continuation continuation_of(const std::string& program, const std::vector<std::string>& arguments) {
  const Options options(program, arguments);
  const auto given = [&](const char* name) { return options.argument(name); };
  const auto fork = given("fork"), replay = given("replay"), output = given("output");
  const bool resumes = options.given("resume");
  if (fork && replay) throw UsageError("--fork and --replay: expected one of them");
  if (resumes && options.given("overwrite")) throw UsageError("--resume and --overwrite: expected one of them");
  if (resumes) {
    Continuation asked = resumed(program, records::Output::target_of(output.value_or("results/" + program)));
    if (asked.kind != Kind::none) return asked;  // a fork or replay that has begun
  }
  if (fork) return forked(program, *fork);
  if (!replay) return {};
  Continuation asked{.kind = Kind::replay, .folder = *replay};
  asked.checkpoints = asked.folder;
  asked.configuration = configuration_in(asked.folder, program, "--replay=" + *replay);
  return asked;
}

std::vector<std::int64_t> parse_steps(const std::string& option, const std::string& text) {
  const auto refuse = [&]() -> UsageError {
    return UsageError(
        fmt::format("--{}={}: expected steps such as 500,1000 or 0:1000:10 (from, to, every)", option, text));
  };
  std::vector<std::int64_t> steps;
  for (const std::string_view part : settings::split(text, ',')) {
    std::vector<std::int64_t> numbers;
    for (const std::string_view word : settings::split(part, ':')) {
      const auto number = settings::number_in<std::int64_t>(word);
      if (!number || *number < 0) throw refuse();
      numbers.push_back(*number);
    }
    if (numbers.size() > 3) throw refuse();
    const std::int64_t last = numbers.size() > 1 ? numbers[1] : numbers[0], every = numbers.size() > 2 ? numbers[2] : 1;
    if (every < 1 || last < numbers[0]) throw refuse();
    for (std::int64_t step = numbers[0]; step <= last; step += every) {
      if (steps.size() == most_steps) throw refuse();
      steps.push_back(step);
    }
  }
  std::sort(steps.begin(), steps.end());
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  return steps;
}

}  // namespace gradus::lab
