#include "experiments/records/completion.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "experiments/records/files.h"
#include "experiments/records/program.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"

namespace gradus::records {
namespace {

namespace fs = std::filesystem;

struct stat status_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw SystemError(path, "cannot look at", errno);
  return status;
}

std::string joined_stamps(const struct stat& completion, const struct stat& results, const fs::path& folder) {
  struct stat config {};
  const bool has_config = ::stat((folder / config_file).c_str(), &config) == 0;
  return fmt::format("{} {} {}", stamp_of(completion), stamp_of(results), has_config ? stamp_of(config) : "-");
}

// Fills the record and the stamp. Throws Damaged, OtherSchema or SystemError.
void verify(Completion& completion, const fs::path& folder, std::string_view known) {
  const fs::path path = folder / completion_file, results = folder / run_file;
  const struct stat before = status_of(path);
  completion.record = read_current(path);
  const nlohmann::json& record = completion.record;
  const struct stat status = status_of(results);
  if (record.at("size") != status.st_size)
    throw Damaged(fmt::format("{}: damaged: {} bytes, {} recorded", results.string(), status.st_size,
                              json_text(record.at("size"))));
  completion.stamp = joined_stamps(before, status, folder);
  if (completion.stamp == known) return;
  if (record.at("sha256") != sha256_of_file(results))
    throw Damaged(fmt::format("{}: damaged: it does not have the recorded SHA-256", results.string()));
}

}  // namespace

std::string_view name_of(Status status) {
  static constexpr std::string_view names[] = {"completed", "diverged", "failed", "interrupted"};
  return names[static_cast<int>(status)];
}

bool is_result(std::string_view status) {
  return status == name_of(Status::completed) || status == name_of(Status::diverged);
}

int exit_code_of(std::string_view status) {
  if (status == name_of(Status::completed)) return 0;
  if (status == name_of(Status::diverged)) return exit_diverged;
  return status == name_of(Status::interrupted) ? exit_interrupted : exit_failed;
}

std::string config_hash_of(const std::string& program, const nlohmann::json& options) {
  return sha256(json_text({{"program", program}, {"options", options}})).substr(0, 12);
}

std::string stamp_of_run(const fs::path& folder) {
  const struct stat completion = status_of(folder / completion_file);
  return joined_stamps(completion, status_of(folder / run_file), folder);
}

Completion read_completion(const fs::path& folder, std::string_view known) {
  Completion completion;
  const auto judge = [&](Verdict verdict, std::string problem) {
    completion.verdict = verdict;
    completion.problem = std::move(problem);
    completion.stamp.clear();
  };
  try {
    verify(completion, folder, known);
    completion.verdict = Verdict::whole;
  } catch (const SystemError& error) {
    const bool absent = error.code == ENOENT || error.code == ENOTDIR;
    // A record whose run.h5 is not there is damaged: that is no passing trouble.
    if (absent && completion.record.is_null())
      judge(Verdict::none, fmt::format("no {}", completion_file));
    else
      judge(absent ? Verdict::damaged : Verdict::unreadable, error.what());
  } catch (const OtherSchema& error) {
    judge(Verdict::other_schema, error.what());
  } catch (const Damaged& error) {
    judge(Verdict::damaged, error.what());
  } catch (const nlohmann::json::exception& error) {  // a member is not there, or of another type
    judge(Verdict::damaged,
          one_line(fmt::format("{}: damaged: {}", (folder / completion_file).string(), error.what())));
  } catch (const std::exception& error) {  // no memory, no SHA-256
    judge(Verdict::unreadable,
          fmt::format("{}: cannot be checked: {}", (folder / completion_file).string(), error.what()));
  }
  return completion;
}

bool is_running(const fs::path& folder) {
  const fs::path log = folder / log_file;
  try {
    const Descriptor file = open_to_lock(log);
    const Lock lock = try_lock(file.get(), log);
    if (lock != Lock::none) return lock == Lock::others;
  } catch (const SystemError& error) {
    if (error.code == ENOENT || error.code == ENOTDIR) return false;
    throw;
  }
  if (read_completion(folder).verdict == Verdict::whole) return false;
  throw SystemError(log, "cannot tell whether its run has ended: the file system has no locks", ENOLCK);
}

}  // namespace gradus::records
