#include "tools/sweep/integrity/keep.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <set>
#include <thread>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/sealed.h"
#include "tools/sweep/claim.h"
#include "tools/sweep/integrity/audit.h"
#include "tools/sweep/integrity/found_files.h"
#include "tools/sweep/integrity/manifest.h"
#include "tools/sweep/integrity/parallel.h"
#include "tools/sweep/processors.h"
#include "tools/sweep/shared_file.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

namespace {

// Of the sweeps that share a folder one at a time reads and writes it. Where there are no locks, or another is slow,
// the next sweep adds what one has overwritten.
class ManifestLock {
 public:
  ManifestLock(const fs::path& output, const std::function<void()>& pause)
      : path_(output / claims_folder / ".manifest") {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!take() && std::chrono::steady_clock::now() < deadline) {
      pause();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  ManifestLock(const ManifestLock&) = delete;
  ManifestLock& operator=(const ManifestLock&) = delete;
  ~ManifestLock() {
    if (is_mine_) ::unlink(path_.c_str());
  }

 private:
  // Who had it before has removed the file: then that lock is on nothing.
  bool take() {
    file_ = records::Descriptor(path_, O_RDWR | O_CREAT, 0644);
    const records::Lock lock = records::try_lock(file_.get(), path_);
    struct stat file {};
    is_mine_ = lock == records::Lock::mine && ::fstat(file_.get(), &file) == 0 && file.st_nlink > 0;
    return is_mine_ || lock == records::Lock::none;
  }

  const fs::path path_;
  records::Descriptor file_;
  bool is_mine_ = false;
};

}  // namespace

std::vector<std::string> keep_manifest(const fs::path& output, const std::function<void()>& pause) {
  std::vector<std::string> problems;
  const ManifestLock lock(output, pause);
  std::optional<Manifest> before;
  try {
    before = Manifest::read(output);
  } catch (const records::SystemError&) {
    throw;
  } catch (const std::runtime_error& error) {
    problems.push_back(fmt::format("{}; it is made anew of what is there now", error.what()));
  }

  const std::map<std::string, Failure> failures = Claims::failures(output);
  const std::map<std::string, Busy> owners = Claims::owners(output);
  Manifest after;
  std::vector<KnownRun> changed;
  std::set<std::string> ids = folders_in(output);
  for (const auto& [id, failure] : failures) ids.insert(id);
  if (before)
    for (const auto& [id, run] : before->runs) ids.insert(id);
  for (const std::string& id : ids) {
    pause();
    const RunFiles* known = before ? before->find(id) : nullptr;
    const std::string ending = ending_of(output, id);
    if (known != nullptr && known->ending == ending)
      after.runs.emplace_hint(after.runs.end(), id, *known);
    else if (!ending.empty() || known != nullptr)
      changed.push_back({id, known, false, failures.contains(id), false, owners.contains(id)});
  }

  std::vector<RunAudit> audits(changed.size());
  for_each_in_parallel(
      changed.size(), Processors().size(), [&](std::size_t i) { audits[i] = audit_run(output, changed[i]); }, pause);
  for (std::size_t i = 0; i < changed.size(); ++i) {
    if (audits[i].now)
      after.runs.emplace(changed[i].id, std::move(*audits[i].now));
    else if (changed[i].manifest != nullptr && !audits[i].findings.empty())
      after.runs.emplace(changed[i].id, *changed[i].manifest);  // so that it is still missed
    if (!audits[i].findings.empty()) problems.push_back(line_of(output, audits[i].findings.front()));
  }
  for (const auto& [name, path] : files_of_sweep(output)) after.others.insert(name);
  if (!before || after != *before) after.write(output);
  return problems;
}

}  // namespace gradus::sweep
