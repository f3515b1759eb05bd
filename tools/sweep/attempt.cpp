#include "tools/sweep/attempt.h"

#include <fmt/format.h>
#include <stdio.h>

#include <cerrno>
#include <random>
#include <utility>

#include "experiments/records/checkpoint.h"
#include "experiments/records/files.h"
#include "tools/sweep/continuation.h"
#include "tools/sweep/replacement.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
namespace {

// OUTPUT/.attempts/ID.N-NONCE of every attempt on the run that had no lock.
std::vector<fs::path> attempts_on(const fs::path& output, const std::string& id) {
  std::vector<fs::path> found;
  std::error_code none;
  fs::directory_iterator entry(output / attempts_folder, none);
  for (const fs::directory_iterator end; !none && entry != end; entry.increment(none))
    if (entry->path().stem() == id) found.push_back(entry->path());
  return found;
}

bool is_rebuilt(const Step& step) { return step.action == Action::rebuild; }

// A result that counts for the step.
std::optional<RunRecord> result_in(const Step& step, const fs::path& folder) {
  RunRecord record = read_record(folder);
  if (!record.is_result()) return std::nullopt;
  if (!is_rebuilt(step)) return record;
  // It counted for nothing when the plan was made.
  if (record.stamp == step.stamp) return std::nullopt;
  return record;
}

}  // namespace

std::optional<RunRecord> result_of(const Job& job, const Step& step) {
  return result_in(step, job.output / step.row.id);
}

std::vector<fs::path> folders_of(const Job& job, const Step& step) {
  std::vector<fs::path> folders = attempts_on(job.output, step.row.id);
  folders.push_back(is_rebuilt(step) ? rebuild_folder(job.output, step.row.id) : job.output / step.row.id);
  return folders;
}

std::optional<Furthest> furthest_attempt(const Job& job, const Step& step) {
  std::optional<Furthest> furthest;
  for (fs::path& folder : folders_of(job, step))
    if (const auto at = step_to_resume_from(job, *step.combination, folder, read_record(folder));
        at && (!furthest || *at > furthest->step))
      furthest = {std::move(folder), *at};
  return furthest;
}

Attempt::Attempt(const Job& job, const Step& step, Claim claim) : job_(&job), step_(&step), claim_(std::move(claim)) {
  const std::string& id = step.row.id;
  if (claim_.is_locked())
    folder_ = is_rebuilt(step) ? rebuild_folder(job.output, id) : job.output / id;
  else  // a number may be taken again, by another
    folder_ = job.output / attempts_folder / fmt::format("{}.{}-{:08x}", id, claim_.number(), std::random_device()());
}

fs::path Attempt::log() const { return job_->output / logs_folder / (folder_.filename().string() + ".log"); }

std::optional<RunRecord> Attempt::finished() {
  for (fs::path& folder : folders_of(*job_, *step_)) {
    RunRecord record = read_record(folder);
    const bool fits = !is_rebuilt(*step_) || (job_->told_build && record.build == job_->build &&
                                              record.config_hash == step_->combination->config_hash);
    if (!record.is_result() || !fits) continue;
    folder_ = std::move(folder);
    return record;
  }
  return std::nullopt;
}

std::string Attempt::obstacle() const {
  if (claim_.is_locked() && records::is_running(folder_)) return "a process still writes into its folder";
  const RunRecord record = read_record(folder_);
  const bool other = record.verdict == records::Verdict::other_schema && job_->other_builds != OtherBuilds::rebuild;
  return record.verdict == records::Verdict::unreadable || other ? record.problem : std::string();
}

std::optional<std::int64_t> Attempt::goes_on_at(const fs::path& folder) const {
  return step_to_resume_from(*job_, *step_->combination, folder, read_record(folder));
}

// A copy of the one that came furthest: its owner may be alive.
void Attempt::bring_earlier_attempt() const {
  const auto furthest = furthest_attempt(*job_, *step_);
  if (furthest && furthest->folder == folder_) return;  // its own, before it was tried again
  records::remove_folder(folder_);
  std::error_code error;
  fs::create_directories(folder_.parent_path(), error);
  if (!error && furthest) fs::copy(furthest->folder, folder_, fs::copy_options::recursive, error);
  if (error) throw records::SystemError(folder_, "cannot be made", error.value());
}

bool Attempt::prepare(bool anew) {
  if (!claim_.is_locked() && !anew) bring_earlier_attempt();
  if (!anew && goes_on_at(folder_)) return true;
  records::remove_folder(folder_);
  return false;
}

void Attempt::forget_attempts() const {
  for (const fs::path& folder : attempts_on(job_->output, step_->row.id)) records::remove_folder(folder);
}

// Where nobody keeps others away: none where it did, otherwise the result that was first.
std::optional<RunRecord> Attempt::take_name(const fs::path& place) const {
  const auto first = [&] { return is_rebuilt(*step_) ? std::nullopt : result_of(*job_, *step_); };
  if (auto other = first()) return other;
  if (::rename(folder_.c_str(), place.c_str()) == 0) return std::nullopt;
  if (errno != ENOTEMPTY && errno != EEXIST) throw records::SystemError(place, "cannot be written", errno);
  // What is there: a result that was first, one to be replaced, or what an earlier attempt has left.
  if (auto other = result_of(*job_, *step_)) return other;
  fs::path replaced = records::replace_folder(folder_, place);
  // Or a result that has come in between: it is put back.
  if (auto other = result_in(*step_, replaced)) {
    records::remove_folder(records::replace_folder(replaced, place));
    return other;
  }
  records::remove_folder(replaced);
  return std::nullopt;
}

RunRecord Attempt::settle(const RunRecord& own) {
  const fs::path place = job_->output / step_->row.id;
  if (folder_ == place) return own;
  if (folder_ == rebuild_folder(job_->output, step_->row.id)) {
    replace_run(job_->output, step_->row.id);
    return own;
  }
  const auto first = take_name(place);
  forget_attempts();
  return first.value_or(own);
}

void Attempt::keep_pause() {
  // Who was taken for dead must not put an older pause in place of a later one.
  if (claim_.is_locked() || is_rebuilt(*step_) || !claim_.beat()) return;
  take_name(job_->output / step_->row.id);
  forget_attempts();
}

void Attempt::keep_log(bool has_result) const {
  if (claim_.is_locked() && !has_result) return;  // of what is to be made anew, the old one stays
  const fs::path own = log(), place = job_->output / logs_folder / (step_->row.id + ".log");
  if (own != place && ::rename(own.c_str(), place.c_str()) != 0 && errno != ENOENT)
    throw records::SystemError(place, "cannot be replaced", errno);
}

}  // namespace gradus::sweep
