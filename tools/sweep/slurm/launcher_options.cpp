#include "tools/sweep/slurm/launcher_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "experiments/records/text.h"
#include "settings/parse.h"
#include "tools/sweep/values.h"

namespace gradus::sweep {
namespace {

struct Reserved {
  const char* name;
  char letter = 0;       // the same, short
  const char* own = "";  // of the sweep's options
};

// What the sweep says itself, and what would keep it from finding its tasks, their logs and their ends again.
constexpr std::array reserved = {Reserved{"--time", 't', "--time"},
                                 Reserved{"--partition", 'p', "--partition"},
                                 Reserved{"--account", 'A', "--account"},
                                 Reserved{"--mem", 0, "--memory"},
                                 Reserved{"--constraint", 'C', "--constraint"},
                                 Reserved{"--cpus-per-task", 'c', "--jobs, and its runs' threads"},
                                 Reserved{"--array", 'a', "--array-limit and --pack"},
                                 Reserved{"--job-name", 'J'},
                                 Reserved{"--comment"},
                                 Reserved{"--output", 'o'},
                                 Reserved{"--error", 'e'},
                                 Reserved{"--open-mode"},
                                 Reserved{"--chdir", 'D'},
                                 Reserved{"--signal"},
                                 Reserved{"--requeue"},
                                 Reserved{"--no-requeue"},
                                 Reserved{"--nodes", 'N'},
                                 Reserved{"--ntasks", 'n'},
                                 Reserved{"--wait", 'W'},
                                 Reserved{"--wrap"},
                                 Reserved{"--parsable"},
                                 Reserved{"--test-only"},
                                 Reserved{"--help", 'h'},
                                 Reserved{"--usage"},
                                 Reserved{"--version", 'V'}};

// Those of sbatch's letters that take no value: others may follow in the same word.
constexpr std::string_view bare_letters = "HIkOQsvX";

// Words as a shell would take them: quotes hold them together, a backslash takes the next character as it is.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::optional<std::string> word;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
      word = word.value_or("");
    } else if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      if (word) words.push_back(*std::exchange(word, std::nullopt));
    } else {
      const bool taken_as_it_is = c == '\\' && quote != '\'' && i + 1 < text.size();
      word = word.value_or("") + text[taken_as_it_is ? ++i : i];
    }
  }
  if (quote != 0)
    throw UsageError(fmt::format("--sbatch: {}: a quote is not closed: expected options of sbatch, as in a shell",
                                 records::printable(text)));
  if (word) words.push_back(*word);
  return words;
}

// Also by the beginning of its name, which sbatch takes for the whole where no other begins so.
bool names(const std::string& word, const Reserved& option) {
  if (word.starts_with("--")) return std::string_view(option.name).starts_with(word.substr(0, word.find('=')));
  if (!word.starts_with('-') || option.letter == 0) return false;
  const std::size_t letter = word.find_first_not_of(bare_letters, 1);
  return letter != word.npos && word[letter] == option.letter;
}

void refuse_reserved(const std::vector<std::string>& words) {
  for (const std::string& word : words)
    for (const Reserved& option : reserved)
      if (names(word, option))
        throw UsageError(fmt::format("--sbatch: {}: the sweep sets {} itself{}: expected other options of sbatch",
                                     records::printable(word), option.name,
                                     *option.own == 0 ? "" : fmt::format(" (by {})", option.own)));
}

}  // namespace

std::optional<std::chrono::seconds> slurm_time(std::string_view text) {
  const std::size_t dash = text.find('-');
  std::vector<std::int64_t> numbers;
  for (const std::string& part : split(text.substr(dash == text.npos ? 0 : dash + 1), ':')) {
    const auto number = settings::number_in<std::int64_t>(part);
    if (!number || *number < 0 || *number > 1'000'000) return std::nullopt;
    numbers.push_back(*number);
  }
  if (numbers.size() > 3) return std::nullopt;
  std::int64_t days = 0, seconds = 0;
  if (dash != text.npos) {  // hours, minutes, seconds
    const auto number = settings::number_in<std::int64_t>(std::string(text.substr(0, dash)));
    if (!number || *number < 0 || *number > 100'000) return std::nullopt;
    days = *number;
    numbers.resize(3);
  } else if (numbers.size() < 3) {  // minutes, or minutes and seconds
    numbers.insert(numbers.begin(), 0);
    numbers.resize(3);
  }
  seconds = ((days * 24 + numbers[0]) * 60 + numbers[1]) * 60 + numbers[2];
  if (seconds == 0) return std::nullopt;  // Slurm takes it for no limit
  return std::chrono::seconds(seconds);
}

void LauncherOptions::add_to(CLI::App& app) {
  CLI::Option* launcher = app.add_option("--launcher", launcher_, "where runs are run: local (default) or slurm")
                              ->check(CLI::IsMember({"local", "slurm"}));
  const auto add = [&](const char* name, auto& value, const char* help) {
    return app.add_option(name, value, help)->needs(launcher)->group("Slurm");
  };
  add("--partition", slurm_.partition, "of Slurm's, for the runs");
  add("--time", slurm_.time, "limit of a task's time, as sbatch takes it: its runs go on in another task");
  add("--account", slurm_.account, "that Slurm charges");
  add("--memory", slurm_.memory, "of a task, as sbatch takes it: 4G");
  add("--constraint", slurm_.constraint, "features that a node must have: one kind of processor, say");
  add("--array-limit", slurm_.largest_array, "tasks of one job array (default: as many as Slurm takes)")
      ->check(CLI::Range(1, 4'000'000));
  add("--pack", slurm_.pack, "runs of one task (default: as many as take some minutes)")
      ->check(CLI::Range(1, 1'000'000));
  add("--sbatch", sbatch_, "further options of sbatch, in one text: '--qos=long --nice=100'");
}

std::optional<SlurmOptions> LauncherOptions::slurm() const {
  if (launcher_ != "slurm") return std::nullopt;
  SlurmOptions options = slurm_;
  if (!options.time.empty() && !slurm_time(options.time))
    throw UsageError(fmt::format("--time={}: expected minutes, hours:minutes:seconds or days-hours, above 0",
                                 records::printable(options.time)));
  options.more = words_of(sbatch_);
  refuse_reserved(options.more);
  return options;
}

}  // namespace gradus::sweep
