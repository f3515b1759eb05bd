#include "tools/sweep/attempt.h"

#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <thread>
#include <utility>

#include "experiments/records/checkpoint.h"
#include "experiments/records/files.h"
#include "tools/sweep/continuation.h"
#include "tools/sweep/replacement.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
namespace {

// OUTPUT/.attempts/ID/ID.N-NONCE of every attempt on the run that had no lock.
std::vector<fs::path> attempts_on(const fs::path& output, const std::string& id) {
  std::vector<fs::path> found;
  std::error_code none;
  fs::directory_iterator entry(output / attempts_folder / id, none);
  for (const fs::directory_iterator end; !none && entry != end; entry.increment(none))
    if (entry->is_directory(none)) found.push_back(entry->path());
  return found;
}

fs::path mark_of_result(const fs::path& output, const std::string& id) {
  return output / attempts_folder / id / "result";
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
    folder_ =
        job.output / attempts_folder / id / fmt::format("{}.{}-{:08x}", id, claim_.number(), std::random_device()());
}

fs::path Attempt::log() const { return job_->output / logs_folder / (folder_.filename().string() + ".log"); }

std::optional<RunRecord> Attempt::finished() {
  // A mark of what is nowhere any more keeps nobody away.
  const fs::path mark = mark_of_result(job_->output, step_->row.id);
  struct stat status {};
  if (::stat(mark.c_str(), &status) == 0 && status.st_nlink == 1) ::unlink(mark.c_str());
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

void Attempt::forget_attempts() const { records::remove_folder(job_->output / attempts_folder / step_->row.id); }

// The one whose result is the run's.
std::optional<fs::path> Attempt::chosen_attempt() const {
  const fs::path mark = mark_of_result(job_->output, step_->row.id);
  std::error_code none;
  for (fs::path& folder : attempts_on(job_->output, step_->row.id))
    if (fs::equivalent(folder / records::completion_file, mark, none)) return std::move(folder);
  return std::nullopt;
}

// In place of one to be replaced, or of what an earlier attempt has left. False where another has moved it meanwhile.
// First under a name that nobody else knows: of several one alone then replaces what is there.
bool Attempt::move_to_name(const fs::path& folder) const {
  const fs::path place = job_->output / step_->row.id;
  std::random_device random;
  const fs::path own = folder.parent_path() / fmt::format("moving-{:08x}{:08x}", random(), random());
  if (::rename(folder.c_str(), own.c_str()) != 0) {
    if (errno == ENOENT) return false;
    throw records::SystemError(folder, "cannot be renamed", errno);
  }
  if (::rename(own.c_str(), place.c_str()) == 0) return true;
  if (errno != ENOTEMPTY && errno != EEXIST) throw records::SystemError(place, "cannot be written", errno);
  const auto replace = [&] {
    const fs::path replaced = records::replace_folder(own, place);
    if (replaced != own && ::rename(replaced.c_str(), own.c_str()) != 0 && errno != ENOENT)
      throw records::SystemError(replaced, "cannot be renamed", errno);
  };
  replace();
  if (result_in(*step_, own)) replace();  // a result that has come in between: it is put back
  records::remove_folder(own);
  return true;
}

// Where nobody keeps others away: none where it did, otherwise the result that was first.
std::optional<RunRecord> Attempt::take_name() const {
  constexpr int most_looks = 100;
  const fs::path mark = mark_of_result(job_->output, step_->row.id);
  for (int looks = 0; looks < most_looks; ++looks) {
    if (auto other = result_of(*job_, *step_)) return other;
    if (::link((folder_ / records::completion_file).c_str(), mark.c_str()) != 0 && errno != EEXIST && errno != ENOENT)
      throw records::SystemError(mark, "cannot be made", errno);
    // The mark of one that came to its name since then is gone.
    if (auto other = result_of(*job_, *step_)) return other;
    if (const auto chosen = chosen_attempt(); chosen && move_to_name(*chosen) && *chosen == folder_)
      return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // another is moving it
  }
  throw records::SystemError(mark, "is of no result that is there", ENOENT);
}

RunRecord Attempt::settle(const RunRecord& own) {
  const fs::path place = job_->output / step_->row.id;
  if (folder_ == place) return own;
  if (folder_ == rebuild_folder(job_->output, step_->row.id)) {
    replace_run(job_->output, step_->row.id);
    return own;
  }
  const auto first = take_name();
  forget_attempts();
  return first.value_or(own);
}

void Attempt::keep_pause() {
  // Who was taken for dead must not put an older pause in place of a later one.
  if (claim_.is_locked() || is_rebuilt(*step_) || !claim_.beat()) return;
  if (!result_of(*job_, *step_)) move_to_name(folder_);
  forget_attempts();
}

void Attempt::keep_log(bool has_result) const {
  if (claim_.is_locked() && !has_result) return;  // of what is to be made anew, the old one stays
  const fs::path own = log(), place = job_->output / logs_folder / (step_->row.id + ".log");
  if (own != place && ::rename(own.c_str(), place.c_str()) != 0 && errno != ENOENT)
    throw records::SystemError(place, "cannot be replaced", errno);
}

}  // namespace gradus::sweep
