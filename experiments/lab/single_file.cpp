#include "experiments/lab/single_file.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "experiments/records/files.h"

namespace gradus::lab {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& target) {
  throw std::runtime_error(
      fmt::format("output {} exists already: choose another --output or pass --overwrite", target.string()));
}

}  // namespace

bool SingleFile::is_meant_by(const std::string& output) { return fs::path(output).extension() == ".h5"; }

SingleFile::SingleFile(const fs::path& target, bool overwrite)
    : target_(target),
      folder_(target.parent_path() / fmt::format(".{}.run", target.filename().string())),
      overwrite_(overwrite) {
  const fs::file_status found = fs::symlink_status(target);
  if (fs::is_directory(found))
    throw std::runtime_error(fmt::format("output {} is a folder: expected the name of a file", target.string()));
  if (fs::exists(found) && !overwrite) refuse(target);
}

void SingleFile::publish() const {
  const fs::path finished = folder_ / "run.h5";
  if (overwrite_) {
    records::replace_file(finished, target_);
  } else if (::renameat2(AT_FDCWD, finished.c_str(), AT_FDCWD, target_.c_str(), RENAME_NOREPLACE) == 0) {
    records::sync_folder(target_.has_parent_path() ? target_.parent_path() : fs::path("."));
  } else if (errno == EEXIST) {
    refuse(target_);
  } else if (errno == EINVAL || errno == ENOSYS) {  // a file system that cannot do it in one step
    if (fs::exists(fs::symlink_status(target_))) refuse(target_);
    records::replace_file(finished, target_);
  } else {
    throw std::runtime_error(fmt::format("{}: cannot write: {}", target_.string(), std::strerror(errno)));
  }
  std::error_code ignored;  // the result is in its place
  fs::remove_all(folder_, ignored);
}

}  // namespace gradus::lab
