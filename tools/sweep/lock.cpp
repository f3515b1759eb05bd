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
#include "tools/sweep/shared_file.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

FolderLock::FolderLock(const fs::path& output) : file_(output / ".lock", O_RDWR | O_CREAT, 0644) {
  const fs::path path = output / ".lock";
  // Who finds nobody else begins a session.
  if (records::try_lock(file_.get(), path) == records::Lock::mine) {
    const std::string begun = fmt::format(
        "{}.{}\n", ::getpid(), std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds(1));
    if (::ftruncate(file_.get(), 0) == 0 && ::pwrite(file_.get(), begun.data(), begun.size(), 0) < 0)
      throw records::SystemError(path, "cannot be written", errno);
    remove_leftovers(output);
  }
  // Others share it; who asks whether anybody is at work has it for a moment.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (::flock(file_.get(), LOCK_SH | LOCK_NB) != 0) {
    if (errno != EINTR && errno != EWOULDBLOCK) return;
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error(fmt::format("{}: another program has it for itself alone", path.string()));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  session_ = records::read_beginning(path, 100);
}

bool FolderLock::is_last() { return records::try_lock(file_.get(), ".lock") == records::Lock::mine; }

bool FolderLock::held(const fs::path& output) {
  const records::Descriptor file(::open((output / ".lock").c_str(), O_RDONLY | O_CLOEXEC));
  return file && ::flock(file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace gradus::sweep
