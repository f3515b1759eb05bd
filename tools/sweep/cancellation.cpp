#include "tools/sweep/cancellation.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/sweep/shared_file.h"

namespace gradus::sweep {
namespace {

constexpr auto interval = std::chrono::milliseconds(500);

// Another for each time that the file is written.
std::string identity_of(const std::filesystem::path& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0) return {};
  return fmt::format("{}.{}.{}", found.st_ino, found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
}

}  // namespace

Cancellation::Cancellation(const std::filesystem::path& output)
    : file_(output / cancel_file), before_(identity_of(file_)), next_look_(std::chrono::steady_clock::now()) {}

bool Cancellation::asked() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_look_) return false;
  next_look_ = now + interval;
  const std::string found = identity_of(file_);
  return !found.empty() && found != before_;
}

void Cancellation::ask(const std::filesystem::path& output) {
  write_shared(output, output / cancel_file, fmt::format("{}\n", ::getpid()));
}

}  // namespace gradus::sweep
