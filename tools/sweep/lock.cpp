#include "tools/sweep/lock.h"

#include <fmt/format.h>
#include <sys/file.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <stdexcept>
#include <string>

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

FolderLock::FolderLock(const fs::path& output, Signals& signals)
    : file_(opened(output / ".lock", O_RDWR | O_CREAT, 0644)) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) throw records::SystemError(output / ".lock", "cannot be locked", errno);
    const pid_t owner = owner_of(file_.get());
    const bool gone = owner > 0 && ::kill(owner, 0) != 0 && errno == ESRCH;
    if (gone && std::chrono::steady_clock::now() < deadline) {
      if (signals.wait(20ms)) throw Interrupted("interrupted before the first run");
      continue;
    }
    throw std::runtime_error(fmt::format("{}: {}{}", output.string(),
                                         gone ? "programs of a sweep that was killed are still ending in this folder"
                                              : "another sweep is at work in this folder",
                                         owner > 0 ? fmt::format(" (process {})", owner) : ""));
  }
  const std::string process = fmt::format("{}\n", ::getpid());
  // Only for the message above: that it cannot be written harms nothing.
  if (::ftruncate(file_.get(), 0) == 0)
    static_cast<void>(::pwrite(file_.get(), process.data(), process.size(), 0) == 0);
}

bool FolderLock::held(const fs::path& output) {
  const Descriptor file(::open((output / ".lock").c_str(), O_RDONLY | O_CLOEXEC));
  return file && ::flock(file.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace gradus::sweep
