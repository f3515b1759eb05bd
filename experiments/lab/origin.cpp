#include "experiments/lab/origin.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "experiments/lab/external_optimizer.h"
#include "experiments/records/completion.h"
#include "experiments/records/log_contents.h"
#include "experiments/records/run_folder.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"
#include "experiments/records/whole_number.h"
#include "optim/optimizer.h"
#include "settings/text.h"

namespace gradus::lab {
namespace {

// That a fork may draw anew.
constexpr std::array purposes = {"shuffle", "curvature", "noise", "optimizer"};

Check purposes_of_streams() {
  const auto canonical = [](const std::string& text) {
    if (text.empty()) return text;
    for (const std::string_view word : settings::split(text, ','))
      if (std::find(purposes.begin(), purposes.end(), word) == purposes.end())
        throw UsageError(fmt::format("--reseed: '{}', expected any of {}, a comma between", records::printable(word),
                                     fmt::join(purposes, ", ")));
    return text;
  };
  return written_as(canonical);
}

// As the run had them from which this one goes on.
RunStreams streams_of(const Continuation& from, std::uint64_t seed) {
  const nlohmann::json* recorded = from.recorded();
  if (!recorded) return RunStreams(seed);
  if (recorded->contains("streams")) return RunStreams(recorded->at("streams").get<std::string>());
  return RunStreams(records::whole_number<std::uint64_t>(recorded->at("seed")));
}

}  // namespace

Origin::Origin(Continuation from, std::uint64_t seed)
    : from_(std::move(from)), seed_(seed), streams_(streams_of(from_, seed)), streams_before_(streams_) {}

void Origin::declare(Options& options, std::int64_t stop_at) {
  options.control("resume", false,
                  "go on in the output's folder, from its latest checkpoint; begin where there is none");
  options.control("fork", "",
                  "RUN@STEP: go on from that step of the run in the folder RUN, with the options given changed");
  reseeded_ = options.control("reseed", "", "what a fork draws anew, by its seed: shuffle, curvature, noise, optimizer",
                              purposes_of_streams());
  options.control("replay", "", "the folder of a run to compute once more, with the --instruments that are given");
  const std::string at = options.control("at", "", "steps at which a replay measures, such as 0:1000:10");

  // One that is resumed is as it was begun.
  if (!reseeded_.empty() && !is_fork() && !is_resumed()) throw UsageError("--reseed: expected with --fork");
  if (!at.empty() && !is_replay()) throw UsageError("--at: expected with --replay");
  if (const nlohmann::json* recorded = from_.recorded())
    for (const char* name : origin_notes)
      if (recorded->contains(name) && !is_fork()) options.note(name, recorded->at(name));
  if (is_fork()) {
    options.note("fork", from_.identity());
    if (reseeded_.empty() && seed_ != records::whole_number<std::uint64_t>(from_.recorded()->at("seed")))
      throw UsageError("--seed: a fork draws what the other run would have drawn; --reseed names what is drawn anew");
    if (!reseeded_.empty())
      for (const std::string_view purpose : settings::split(reseeded_, ','))
        streams_.draw_anew(std::string(purpose), seed_, from_.identity());
    options.note("streams", streams_.text());
  }
  if (is_replay()) {
    again_ = Again{0, at.empty() ? std::vector<std::int64_t>() : parse_steps("at", at), from_.folder, stop_at < 0};
    options.note("replay", from_.identity());
    if (!at.empty()) options.note("at", at);
  }
}

bool Origin::draws_anew(std::string_view purpose) const {
  if (!is_fork()) return false;
  const auto all = settings::split(reseeded_, ',');
  return std::find(all.begin(), all.end(), purpose) != all.end();
}

void Origin::require_same_options(const Options& options) const {
  if (!is_resumed() && !is_replay()) return;
  const nlohmann::json now = options.values_json();
  for (const auto& [name, value] : from_.recorded()->items())
    if (const auto other = now.find(name);
        other != now.end() && *other != value && name != "instruments" &&
        std::find(origin_notes.begin(), origin_notes.end(), name) == origin_notes.end())
      throw UsageError(fmt::format("--{} is {}, and {} in the run in {}: --fork makes a run with other options", name,
                                   records::json_text(*other), records::json_text(value), from_.folder.string()));
  if (is_resumed() && records::config_hash_of(options.program(), now) != from_.configuration.at("config_hash"))
    throw UsageError(fmt::format("--resume: the run in {} has other options: {}", from_.folder.string(),
                                 records::json_text(*from_.recorded())));
}

bool Origin::has_same_method(const Options& options) const {
  const nlohmann::json now = options.values_json();
  const nlohmann::json& then = *from_.recorded();
  const auto is_same = [&](const std::string& name) {
    return now.value(name, nlohmann::json()) == then.value(name, nlohmann::json());
  };
  if (!now.contains("optimizer") || !is_same("optimizer")) return false;
  if (now.at("optimizer") == external_name) return is_same("external_command");
  for (const optim::Hyperparameter& h : optim::method(now.at("optimizer").get<std::string>()).hyperparameters)
    if (h.kind != optim::Hyperparameter::Kind::number && !is_same(h.name)) return false;
  return true;
}

std::int64_t Origin::last_beginning(std::int64_t stop_at) {
  if (!again_) return 0;
  const records::LogContents theirs = records::read_metric_log(from_.folder / records::log_file);
  for (const records::MetricTable& table : theirs.tables)
    if (table.name() == "step") again_->steps = table.rows();
  if (!again_->at.empty() && again_->at.back() >= again_->steps)
    throw UsageError(fmt::format("--at: the run in {} has the steps 0 to {}, expected none after",
                                 from_.folder.string(), again_->steps - 1));
  if (!again_->at.empty()) again_->steps = again_->at.back() + 1;
  return std::max(again_->at.empty() ? stop_at : again_->at.front(), from_.first_step());
}

void Origin::record(records::RunFolder& folder, std::int64_t step) const {
  if (is_resumed()) {
    nlohmann::json steps = folder.position().attributes.value("resumed_at_steps", nlohmann::json::array());
    steps.push_back(step);
    folder.set_attribute("resumed_at_steps", steps);
  } else if (!is_new()) {
    folder.set_attribute("parent_run_id", from_.configuration.at("run_id"));
    folder.set_attribute("parent_config_hash", from_.configuration.at("config_hash"));
    folder.set_attribute("first_step", step);
  }
}

}  // namespace gradus::lab
