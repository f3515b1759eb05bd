#include "tools/sweep/turn.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "experiments/records/files.h"
#include "tools/sweep/layout.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

Turn::Turn(const fs::path& output, std::string_view name, const std::function<void()>& pause)
    : path_(fs::absolute(output) / claims_folder / fmt::format(".turn.{}", name)) {
  std::error_code error;
  fs::create_directories(path_.parent_path(), error);
  if (error) throw records::SystemError(path_.parent_path(), "cannot be made", error.value());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!take() && std::chrono::steady_clock::now() < deadline) {
    pause();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Turn::~Turn() {
  if (is_mine_) ::unlink(path_.c_str());
}

// Who had it before has removed the file: then that lock is on nothing.
bool Turn::take() {
  file_ = records::Descriptor(path_, O_RDWR | O_CREAT, 0644);
  const records::Lock lock = records::try_lock(file_.get(), path_);
  struct stat file {};
  is_mine_ = lock == records::Lock::mine && ::fstat(file_.get(), &file) == 0 && file.st_nlink > 0;
  return is_mine_ || lock == records::Lock::none;
}

}  // namespace gradus::sweep
