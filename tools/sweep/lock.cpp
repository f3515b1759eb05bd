#include "tools/sweep/lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "experiments/records/files.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

FolderLock::FolderLock(const fs::path& output) : file_(output / ".lock", O_RDWR | O_CREAT, 0644) {
  // Others share it; who asks whether anybody is at work has it for a moment.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (::flock(file_.get(), LOCK_SH | LOCK_NB) != 0) {
    if (errno != EINTR && errno != EWOULDBLOCK) return;
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error(fmt::format("{}: another program has it for itself alone", (output / ".lock").string()));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

bool FolderLock::is_last() { return records::try_lock(file_.get(), ".lock") == records::Lock::mine; }

bool FolderLock::held(const fs::path& output) {
  const records::Descriptor file(::open((output / ".lock").c_str(), O_RDONLY | O_CLOEXEC));
  return file && ::flock(file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace gradus::sweep
