#include "experiments/lab/checkpointing.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/lab/arithmetic.h"
#include "experiments/records/checkpoint.h"
#include "experiments/records/executable.h"
#include "experiments/records/whole_number.h"
#include "optim/wrapper.h"

namespace gradus::lab {
namespace {

namespace fs = std::filesystem;
using Kind = Continuation::Kind;

// Checkpoints take at most one part in so many of the time.
constexpr int checkpoint_share = 100;

std::string prefix_of(const std::string& part) { return part + ":"; }

// What belongs to a part, by its own names.
template <class Map>
Map of_part(const Map& all, const std::string& prefix) {
  Map own;
  for (const auto& [name, value] : all)
    if (name.starts_with(prefix)) own.emplace(name.substr(prefix.size()), value);
  return own;
}

optim::SavedState of_part(const optim::SavedState& all, const std::string& part) {
  const std::string prefix = prefix_of(part);
  return {of_part(all.tensors, prefix), of_part(all.counters, prefix), of_part(all.numbers, prefix)};
}

bool is_empty(const optim::SavedState& state) {
  return state.tensors.empty() && state.counters.empty() && state.numbers.empty();
}

std::string name_of(const Continuation& from) {
  switch (from.kind) {
    case Kind::resume:
      return "--resume";
    case Kind::fork:
      return fmt::format("--fork={}@{}", from.folder.string(), from.step);
    default:
      return fmt::format("--replay={}", from.folder.string());
  }
}

}  // namespace

void Checkpointing::declare(Options& options) {
  interval_ = options.control("checkpoint_interval", 30.0,
                              "seconds between two checkpoints, or more where they would take over 1 % of the time",
                              at_least(0));
  const std::string kept = options.control("checkpoint_at", "", "steps whose checkpoints are kept, such as 1000,2000");
  if (!kept.empty()) kept_steps_ = parse_steps("checkpoint-at", kept);
  stop_at_ =
      options.control("stop_at", std::int64_t{-1},
                      "steps after which to stop as a signal would, with a checkpoint (exit code 75); at once where "
                      "they are taken already",
                      at_least(-1));
  may_differ_ = options.control("not_bitwise", false,
                                "go on also where this machine or build computes other bits, and record it");
}

void Checkpointing::keep(std::string part, optim::Shown show, Fit fit) {
  parts_.push_back({std::move(part), std::move(show), fit});
}

void Checkpointing::find(const Continuation& from, std::int64_t first) {
  const records::CheckpointFiles found = records::checkpoints_in(from.checkpoints);
  for (const records::CheckpointFile& checkpoint : found.whole)
    if (from.kind == Kind::resume || (from.kind == Kind::fork && checkpoint.step == from.step) ||
        (from.kind == Kind::replay && checkpoint.step <= first))
      others_.push_back(checkpoint.path);
  const auto refuse = [&](const std::string& why) { throw UsageError(fmt::format("{}: {}", name_of(from), why)); };
  if (others_.empty() && from.kind == Kind::replay) {
    if (from.recorded()->contains("fork"))
      refuse("that run began as a fork, and the checkpoint with which it began is not there");
    return;
  }
  if (others_.empty() && found.problems.empty() && from.kind == Kind::resume) {  // it was stopped before its first
    if (from.recorded()->contains("fork"))
      refuse(fmt::format("{} is a fork that was stopped before it had a checkpoint: --overwrite begins it again",
                         from.folder.string()));
    const std::string build = from.configuration.at("environment").value("executable_sha256", std::string());
    if (build != records::executable_sha256() && !may_differ_)
      refuse(fmt::format("{} was made by another build, and has no checkpoint: --overwrite begins again",
                         from.folder.string()));
    return;
  }
  if (!next_best(from))
    refuse(fmt::format("no checkpoint to go on from in {}{}{}", from.checkpoints.string(),
                       found.problems.empty() ? "" : ": ", found.problems.empty() ? "" : found.problems.front()));
}

bool Checkpointing::next_best(const Continuation& from) {
  while (!others_.empty()) {
    const fs::path path = others_.front();
    others_.erase(others_.begin());
    try {
      state_ = load_run_state(path);
    } catch (const std::runtime_error&) {  // then the one before
      continue;
    }
    require_same_bits(from);
    return true;
  }
  return false;
}

void Checkpointing::require_same_bits(const Continuation& from) {
  not_bitwise_ = difference_of_arithmetic(state_->arithmetic, arithmetic());
  if (not_bitwise_.empty() || may_differ_) return;
  const bool is_build = state_->arithmetic.value("build", "") != records::executable_sha256();
  throw UsageError(fmt::format(
      "{}: other bits would come than where it began: {}: {}--not-bitwise goes on all the same", name_of(from),
      not_bitwise_, is_build ? "" : "GRADUS_SIMD, GRADUS_PRODUCTS, GRADUS_CACHES and --threads pin them, "));
}

std::vector<std::string> Checkpointing::restore(const Continuation& from, bool is_same_method) {
  std::vector<std::string> anew;
  const bool is_whole = from.kind == Kind::resume;
  for (const Part& part : parts_) {
    const optim::SavedState own = of_part(state_->state, part.name);
    if (is_whole) {
      optim::restore_state(part.name, part.show, own);
      continue;
    }
    if (part.fit == Fit::matching && (is_empty(own) || !is_same_method)) {
      if (!is_empty(own)) anew.push_back(part.name);
      continue;
    }
    const std::vector<std::string> stayed = optim::restore_matching(part.show, own);
    if (part.fit == Fit::matching) anew.insert(anew.end(), stayed.begin(), stayed.end());
    if (part.fit == Fit::exact && !stayed.empty())
      throw UsageError(
          fmt::format("{}: the state of that run does not fit: {} of {}", name_of(from), stayed.front(), part.name));
  }
  if (is_whole) {
    const auto& attributes = state_->position.attributes;
    written_ = records::whole_number<std::int64_t>(attributes, "checkpoints", 0);
    seconds_ = attributes.value("checkpoint_seconds", 0.0);
  }
  return anew;
}

void Checkpointing::begin(bool writes_generations) {
  writes_generations_ = writes_generations;
  next_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(interval_));
}

void Checkpointing::write(const fs::path& path, std::int64_t step, records::RunFolder& folder,
                          const std::string& divergence) {
  const auto begin = Clock::now();
  folder.flush();  // what the checkpoint counts must not be lost where it is not
  RunState state{step,
                 folder.configuration().at("run_id"),
                 arithmetic(),
                 divergence,
                 folder.position(),
                 optim::save_state([this](optim::StateVisitor& visitor) {
                   for (const Part& part : parts_) {
                     optim::PrefixedVisitor own(visitor, prefix_of(part.name));
                     part.show(own);
                   }
                 })};
  bytes_ = static_cast<std::int64_t>(save_run_state(path, state));
  ++written_;
  const auto end = Clock::now();
  seconds_ += std::chrono::duration<double>(end - begin).count();
  const auto interval = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(interval_));
  next_ = end + std::max(interval, checkpoint_share * (end - begin));
  folder.set_attribute("checkpoints", written_);
  folder.set_attribute("checkpoint_seconds", seconds_);
  folder.set_attribute("checkpoint_bytes", bytes_);
}

// A disk that is full now may have room again later: the run goes on, with the checkpoints that it has.
void Checkpointing::write_generation(std::int64_t step, records::RunFolder& folder, const std::string& divergence,
                                     bool must) {
  try {
    if (next_generation_.empty()) next_generation_ = records::next_generation(folder.path());
    write(next_generation_, step, folder, divergence);
    next_generation_ = records::other_generation(next_generation_);
  } catch (const std::runtime_error& error) {
    if (must) throw;
    if (!has_complained_)
      records::complain(folder.configuration().at("program").get<std::string>(),
                        fmt::format("no checkpoint after step {}: {}", step, error.what()));
    has_complained_ = true;
    next_ = Clock::now() + std::chrono::seconds(10);
  }
}

void Checkpointing::keep_at(std::int64_t step, records::RunFolder& folder, const std::string& divergence) {
  write(records::kept_checkpoint(folder.path(), step), step, folder, divergence);
}

bool Checkpointing::end_of_step(std::int64_t step, bool is_asked, records::RunFolder& folder,
                                const std::string& divergence) {
  if (std::binary_search(kept_steps_.begin(), kept_steps_.end(), step)) keep_at(step, folder, divergence);
  const bool stops = is_asked || step == stop_at_;
  if (!writes_generations_) return stops;
  if (stops || Clock::now() >= next_) write_generation(step, folder, divergence, stops);
  return stops;
}

}  // namespace gradus::lab
