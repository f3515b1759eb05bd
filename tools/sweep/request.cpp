#include "tools/sweep/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "experiments/records/program.h"
#include "experiments/records/text.h"
#include "settings/parse.h"
#include "tools/sweep/command.h"
#include "tools/sweep/mixed_builds.h"
#include "tools/sweep/search.h"
#include "tools/sweep/toml_file.h"

namespace gradus::sweep {

namespace {

// CLI11 would say that a text with a unit is no number, and not of what.
CLI::Validator number_within(double least, double most, const std::string& of_what) {
  return CLI::Validator(
      [=](const std::string& text) {
        const auto number = settings::number_in<double>(text);
        if (number && *number >= least && *number <= most) return std::string();
        return fmt::format("'{}', expected a number of {} ({:g} to {:g})", records::printable(text), of_what, least,
                           most);
      },
      "");
}

struct Replacement {
  std::string_view option, replaced;
  bool has_value;  // of what is replaced
};

// Of all other options what is said last counts.
constexpr std::array<Replacement, 5> replacements = {{{"--zip", "--zip", true},
                                                      {"--only", "--only", true},
                                                      {"--exclude", "--exclude", true},
                                                      {"--rebuild", "--allow-mixed-builds", false},
                                                      {"--allow-mixed-builds", "--rebuild", false}}};

bool names(const std::string& word, std::string_view option) {
  return word.starts_with(option) && (word.size() == option.size() || word[option.size()] == '=');
}

// Options of then, and others that count instead.
std::vector<std::string> with_later(std::vector<std::string> words, const std::vector<std::string>& later) {
  for (const auto& [option, replaced, has_value] : replacements) {
    if (std::ranges::none_of(later, [&](const std::string& word) { return names(word, option); })) continue;
    for (auto word = words.begin(); word != words.end();) {
      const bool value_follows = has_value && *word == replaced && word + 1 != words.end();
      word = names(*word, replaced) ? words.erase(word, word + (value_follows ? 2 : 1)) : word + 1;
    }
  }
  words.insert(words.end(), later.begin(), later.end());
  return words;
}

}  // namespace

void SweepRequest::add_to(CLI::App& app) {
  app.add_option("file", file_, "specification in TOML; options after -- override its own");
  app.add_option("-o,--output", output_, "folder of the sweep")->required();
  add_what(app);
  add_how(app);
}

// Which runs there are, and what is written of them.
void SweepRequest::add_what(CLI::App& app) {
  app.add_option("--variant", variant_, "of the file's [variant.NAME]: the same study, smaller or larger");
  app.add_option("--note", note_, "a sentence that each run keeps, for reports");
  app.add_option("--tag", tags_, "words that each run keeps, a comma between, for reports to choose by");
  app.add_option("--study", study_, "what the runs are made for, kept by each: digests of a study's files, say");
  app.add_option("--draws", search_.draws.count, "how many draws of the drawn options")
      ->check(CLI::Range(std::int64_t{1}, max_values));
  app.add_option("--draw-seed", search_.draws.seed, "of the draws (default 0): the same seed gives the same ones");
  app.add_option("--draw-method", draw_method_, "random (default), sobol, or in stages that select: tpe");
  const auto each = [&](const char* name, std::vector<std::string>& texts, const char* help) {
    app.add_option(name, texts, help)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };
  each("--zip", search_.zips, "OPTION,OPTION,...: their lists run together");
  each("--only", search_.only, "OPTION: OPTION=VALUE,...: the first only where the others have these values");
  each("--exclude", search_.exclude, "OPTION=VALUE,...: leaves out the combinations that have all of these");
  app.add_option("--limit", search_.limit, "at most so many runs: the first")
      ->check(CLI::Range(std::int64_t{1}, max_values));
  app.add_option("--stopping", search_.stopping,
                 "stop weak settings early: rule=asha,by=TABLE/COLUMN,first=250,factor=4,last=4000 or "
                 "rule=median,by=TABLE/COLUMN,every=250,after=500; none: not as the file says");
  app.add_flag("--widen", widen_,
               "where a stage's winner lies at the border of a log_uniform space: draw again from a wider one");
}

// How they are made.
void SweepRequest::add_how(CLI::App& app) {
  app.add_option("-j,--jobs", jobs_, "runs at a time (default: as many as keep all cores busy; with Slurm 1 in a task)")
      ->check(CLI::Range(1, 65536));
  app.add_option("--time-limit", time_limit_, "seconds that a run may take in one go; it has failed beyond")
      ->check(number_within(0.001, 1e9, "seconds, such as 600 for ten minutes"));
  app.add_option("--memory-limit", memory_limit_, "MiB of data that a process of a run may have")
      ->check(number_within(1, 1e9, "MiB, such as 4096 for four GiB"));
  app.add_flag("--pin", asked_.limits.pin, "give each run processors of its own, as many as it has threads");
  app.add_option("--retries", asked_.limits.retries,
                 "how often a run is tried again that a signal ended, memory, or itself (code 75); default 0")
      ->check(CLI::Range(0, 1000));
  app.add_option("--max-fails", asked_.limits.most_failures, "begin no more runs when so many have failed")
      ->check(CLI::Range(1, 1000000));
  app.add_flag("-q,--quiet", asked_.quiet, "no progress, only the summary");
  app.add_flag("--retry-failed,!--no-retry-failed", retry_failed_, "run again what failed before (default: yes)");
  app.add_flag("--resume,!--no-resume", asked_.resume, "runs that have a checkpoint go on from it (default: yes)");
  app.add_flag("--not-bitwise", asked_.not_bitwise,
               "let them go on where the result is not the same to the bit: by another build, on another machine");
  auto* again =
      app.add_flag("--rebuild", rebuild_, "run again what another build of the program, or another Gradus, has made");
  app.add_flag("--allow-mixed-builds", mixed_, "keep what another build has made beside the new runs")->excludes(again);
  launcher_.add_to(app);
}

void SweepRequest::add_dry_run(CLI::App& app) {
  app.add_flag("-n,--dry-run", prints_, "print the commands that would be run");
}

void SweepRequest::refuse_others(const std::vector<std::string>& options, Which which) {
  CLI::App app;
  SweepRequest unused;
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  if (which == Which::all) unused.add_what(app);
  unused.add_how(app);
  unused.add_dry_run(app);
  if (which == Which::planned) app.add_option("--stopping", unused.search_.stopping)->check(CLI::IsMember({"none"}));
  std::vector<std::string> words(options.rbegin(), options.rend());
  words.emplace_back("--launcher=local");  // which some need; the last counts
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    throw UsageError(fmt::format("{} (expected options of sweep run{})", error.what(),
                                 which == Which::all ? "" : " that say how runs are made: which there are is planned"));
  }
}

std::unique_ptr<SweepRequest> SweepRequest::again(const std::filesystem::path& output,
                                                  const std::vector<std::string>& options, CommandLine& line) {
  std::unique_ptr<SweepRequest> request = of(Asked::read(output), output, options, line);
  request->enter_directory();
  return request;
}

void SweepRequest::enter_directory() const {
  std::error_code gone;
  if (asked_before_) std::filesystem::current_path(asked_before_->directory, gone);
}

std::unique_ptr<SweepRequest> SweepRequest::of(const Asked& asked, const std::filesystem::path& output,
                                               const std::vector<std::string>& options, CommandLine& line) {
  const auto dashes = std::find(asked.arguments.begin(), asked.arguments.end(), "--");
  std::vector<std::string> own = with_later({asked.arguments.begin(), dashes}, options);
  line.rest.assign(dashes == asked.arguments.end() ? dashes : dashes + 1, asked.arguments.end());
  std::vector<std::string> arguments = own;
  arguments.insert(arguments.end(), dashes, asked.arguments.end());
  CLI::App app;
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  auto request = std::make_unique<SweepRequest>();
  request->add_to(app);
  request->add_dry_run(app);
  app.add_option("--format", [](const CLI::results_t&) { return true; });  // what sweep plan was asked besides
  try {
    std::reverse(own.begin(), own.end());
    app.parse(own);
  } catch (const CLI::ParseError& error) {
    throw UsageError(fmt::format("{} (expected options of sweep run)", error.what()));
  }
  request->output_ = std::filesystem::absolute(output).lexically_normal().string();
  request->file_text_ = asked.file;
  request->asked_before_ = asked;
  request->asked_now_ = Asked{asked.directory, std::move(arguments), asked.file};
  return request;
}

Specification SweepRequest::specification(const std::vector<std::string>& rest) {
  SearchOptions search = search_;
  if (!draw_method_.empty()) search.draws.method = parse_draw_method(draw_method_, "--draw-method");
  Specification specification;
  if (!file_.empty()) {
    if (!asked_before_) file_text_ = read_toml(file_);
    specification = parse_toml(file_text_, file_, variant_);
    const OptionList overrides = parse_arguments(rest);
    for (Stage& stage : specification.stages) {
      stage.overridden = !overrides.empty();
      for (Grid& grid : stage.grids) override_options(grid, overrides);
    }
  } else {
    if (!variant_.empty()) throw UsageError("--variant: expected FILE.toml, whose variant it is");
    if (rest.empty())
      throw UsageError("run: nothing to run: expected FILE.toml, or -- PROGRAM --option=values ... (sweep run --help)");
    specification.program = rest.front();
    specification.stages.push_back({{}, {{parse_arguments({rest.begin() + 1, rest.end()})}}});
  }
  apply(specification, search);
  for (const Stage& stage : specification.stages) check_search(stage);
  // A sweep that is resumed may have been begun when this was not refused.
  if (widen_ && !asked_before_ &&
      std::ranges::none_of(specification.stages, [](const Stage& stage) { return stage.select.has_value(); }))
    throw UsageError("--widen: expected a sweep with a stage that selects, whose winner may lie at a border");
  for (const Stage& stage : specification.stages)
    if (widen_ && is_searched(stage))
      throw UsageError(
          fmt::format("--widen: {}expected draws that are not suggested: who suggests knows their space "
                      "from the beginning",
                      stage.name.empty() ? "" : fmt::format("stage {}: ", stage.name)));
  return specification;
}

Job SweepRequest::job(const Specification& specification, const CommandLine& line) const {
  Job job = share(line);
  for (const Stage& stage : specification.stages) {
    job.stopping = stage.stopping;
    refuse_no_resume(job);
  }
  job.stopping.reset();
  job.program = find_program(specification.program);
  return job;
}

Job SweepRequest::share(const CommandLine& line) const {
  if (output_.empty()) throw UsageError("--output: expected a folder");
  Job job = asked_;
  job.command = line.whole;
  job.output = output_;
  // What follows `sweep run`.
  job.asked_first =
      asked_before_ ? *asked_before_
                    : Asked{std::filesystem::current_path(), {line.whole.begin() + 2, line.whole.end()}, file_text_};
  job.asked_now = asked_now_ ? asked_now_ : job.asked_first;
  job.failed_runs = retry_failed_ ? FailedRuns::retry : FailedRuns::keep;
  if (!note_.empty()) job.remarks.push_back("--note=" + note_);
  if (!tags_.empty()) job.remarks.push_back("--tag=" + tags_);
  if (!study_.empty()) job.remarks.push_back("--study=" + study_);
  if (time_limit_)
    job.limits.time = std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(*time_limit_));
  if (memory_limit_) job.limits.memory = static_cast<std::uint64_t>(*memory_limit_ * (1 << 20));
  job.slurm = launcher_.slurm();
  if (job.slurm && job.limits.pin)
    throw UsageError("--pin: expected without --launcher=slurm: Slurm gives a task its processors");
  job.allowed_builds = allowed_builds(output_);
  job.other_builds = rebuild_ ? OtherBuilds::rebuild : mixed_ ? OtherBuilds::keep : OtherBuilds::refuse;
  return job;
}

}  // namespace gradus::sweep
