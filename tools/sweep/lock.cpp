#include "tools/sweep/lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "experiments/records/files.h"
#include "tools/sweep/layout.h"
#include "tools/sweep/shared_file.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

FolderLock::FolderLock(const fs::path& output) : path_(output / lock_file), file_(path_, O_RDWR | O_CREAT, 0644) {
  // Who finds nobody else begins a session. Who asks whether anybody is at work has the lock for a moment, and is to be
  // taken for nobody: so this is tried once more when it is shared.
  begin_if_alone();
  if (!share()) return;
  if (!has_begun_) {
    begin_if_alone();
    share();
  }
  session_ = records::read_beginning(path_, 100);
}

void FolderLock::begin_if_alone() {
  if (records::try_lock(file_.get(), path_) != records::Lock::mine) return;
  const std::string begun = fmt::format(
      "{}.{}\n", ::getpid(), std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds(1));
  if (::ftruncate(file_.get(), 0) != 0 || ::pwrite(file_.get(), begun.data(), begun.size(), 0) < 0)
    throw records::SystemError(path_, "cannot be written", errno);
  remove_leftovers(path_.parent_path());
  has_begun_ = true;
}

// False where there are no locks.
bool FolderLock::share() {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (::flock(file_.get(), LOCK_SH | LOCK_NB) != 0) {
    if (errno != EINTR && errno != EWOULDBLOCK) return false;
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error(fmt::format("{}: another program has it for itself alone", path_.string()));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

void FolderLock::if_last(const std::function<void()>& work) {
  if (records::try_lock(file_.get(), path_) == records::Lock::mine) work();
  // Asking for it alone may have lost it. Who cannot share it again is taken for gone, which it soon is.
  static_cast<void>(::flock(file_.get(), LOCK_SH | LOCK_NB));
}

bool FolderLock::held(const fs::path& output) {
  const fs::path path = output / lock_file;
  try {
    return records::try_lock(records::open_to_lock(path).get(), path) == records::Lock::others;
  } catch (const records::SystemError&) {
    return false;
  }
}

}  // namespace gradus::sweep
