#include "tools/sweep/lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <stdexcept>
#include <string>

#include "experiments/records/files.h"
#include "experiments/records/program.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
namespace {

using namespace std::chrono_literals;
constexpr auto patience = 5s;

// The process that wrote its number into the file; 0 if there is none.
pid_t owner_of(int file) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(file, text.data(), text.size(), 0);
  pid_t owner = 0;
  if (size > 0) std::from_chars(text.data(), text.data() + size, owner);
  return owner;
}

}  // namespace

FolderLock::FolderLock(const fs::path& output, Signals& signals) : file_(output / ".lock", O_RDWR | O_CREAT, 0644) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const fs::path path = output / ".lock";
  records::Lock lock = records::Lock::mine;
  while ((lock = records::try_lock(file_.get(), path)) == records::Lock::others) {
    const pid_t owner = owner_of(file_.get());
    const bool gone = owner > 0 && ::kill(owner, 0) != 0 && errno == ESRCH;
    if (gone && std::chrono::steady_clock::now() < deadline) {
      if (signals.wait(20ms)) throw records::Interrupted{"interrupted before the first run"};
      continue;
    }
    throw std::runtime_error(fmt::format("{}: {}{}", output.string(),
                                         gone ? "programs of a sweep that was killed are still ending in this folder"
                                              : "another sweep is at work in this folder",
                                         owner > 0 ? fmt::format(" (process {})", owner) : ""));
  }
  exclusive_ = lock == records::Lock::mine;
  if (!exclusive_)
    records::complain("sweep",
                      fmt::format("{}: the file system has no locks: another sweep in this folder would not be "
                                  "noticed",
                                  output.string()));
  const std::string process = fmt::format("{}\n", ::getpid());
  // Only for the message above: that it cannot be written harms nothing.
  if (::ftruncate(file_.get(), 0) == 0)
    static_cast<void>(::pwrite(file_.get(), process.data(), process.size(), 0) == 0);
}

bool FolderLock::held(const fs::path& output) {
  const records::Descriptor file(::open((output / ".lock").c_str(), O_RDONLY | O_CLOEXEC));
  return file && ::flock(file.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace gradus::sweep
