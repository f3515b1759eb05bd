#include "experiments/records/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <stdexcept>

namespace gradus::records {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, std::string_view what, int error) { throw SystemError(path, what, error); }

bool has_no_such_rename(int error) { return error == EINVAL || error == ENOSYS || error == ENOTSUP; }

bool is_read_only(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) == O_RDONLY;
}

}  // namespace

void require_regular_file(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status))
    throw std::runtime_error(fmt::format("{}: not a regular file", path.string()));
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

fs::path hidden_beside(const fs::path& target, std::string_view suffix) {
  constexpr std::size_t longest_shown = 100;  // bytes, of the 255, or 143 of encrypted ones, that file systems allow
  const std::string name = target.filename().string();
  return folder_of(target) / fmt::format(".{}{}", name.size() > longest_shown ? sha256(name) : name, suffix);
}

fs::path new_version_of(const fs::path& target) { return hidden_beside(target, ".new"); }

void sync_folder(const fs::path& folder) {
  const Descriptor directory(folder, O_RDONLY | O_DIRECTORY);
  // Some file systems cannot sync a folder, and say so.
  if (::fsync(directory.get()) != 0 && errno != EINVAL && errno != ENOTSUP) fail(folder, "cannot sync", errno);
}

bool rename_to_new(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EEXIST && !has_no_such_rename(errno)) fail(to, "cannot write", errno);
  return false;
}

fs::path replace_folder(const fs::path& finished, const fs::path& target) {
  const fs::path aside = hidden_beside(target, aside_suffix);
  bool is_aside = false;
  if (::renameat2(AT_FDCWD, finished.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0) {
    is_aside = ::rename(finished.c_str(), aside.c_str()) == 0;
  } else {
    if (!has_no_such_rename(errno)) fail(target, "cannot replace", errno);
    remove_folder(aside);
    if (::rename(target.c_str(), aside.c_str()) != 0) fail(target, "cannot replace", errno);
    if (::rename(finished.c_str(), target.c_str()) != 0) {
      const int error = errno;
      ::rename(aside.c_str(), target.c_str());
      fail(target, "cannot replace", error);
    }
    is_aside = true;
  }
  sync_folder(folder_of(target));
  return is_aside ? aside : finished;
}

bool finish_replacement(const fs::path& target) {
  const fs::path earlier = hidden_beside(target, aside_suffix);
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(earlier, error))) return false;
  const fs::file_status found = fs::symlink_status(target, error);
  if (found.type() == fs::file_type::none) fail(target, "cannot look at", error.value());
  if (fs::exists(found)) {
    remove_folder(earlier);
  } else if (::rename(earlier.c_str(), target.c_str()) != 0) {
    fail(target, "cannot be restored", errno);
  }
  return true;
}

void remove_folder(const fs::path& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) fail(folder, "cannot be removed", error.value());
}

NewFile::NewFile(const fs::path& target) : NewFile(target, new_version_of(target)) {}

NewFile::NewFile(const fs::path& target, const fs::path& temporary)
    : target_(target), temporary_(temporary), file_(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0644) {}

NewFile::~NewFile() {
  if (!kept_) ::unlink(temporary_.c_str());
}

void NewFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(target_, "cannot write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void NewFile::keep() {
  if (::fsync(file_.get()) != 0) fail(temporary_, "cannot sync", errno);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail(target_, "cannot replace", errno);
  kept_ = true;
  sync_folder(folder_of(target_));
}

void write_file(const fs::path& target, std::string_view contents) {
  write_file(target, contents, new_version_of(target));
}

void write_file(const fs::path& target, std::string_view contents, const fs::path& temporary) {
  NewFile file(target, temporary);
  file.write(contents);
  file.keep();
}

bool copy_file(const fs::path& source, const fs::path& target, std::string_view sha256, const fs::path& temporary) {
  InputFile from(source);
  NewFile to(target, temporary);
  Sha256 digest;
  std::array<char, 1 << 16> buffer;
  while (const std::size_t got = from.read(buffer)) {
    digest.add(buffer.data(), got);
    to.write(std::string_view(buffer.data(), got));
  }
  if (digest.hex() != sha256) return false;
  to.keep();
  return true;
}

InputFile::InputFile(const fs::path& path) : path_(path) {
  require_regular_file(path);
  file_ = Descriptor(path, O_RDONLY);
}

std::size_t InputFile::read(std::span<char> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(file_.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path_, "cannot read", errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

struct stat InputFile::status() const {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) fail(path_, "cannot look at", errno);
  return status;
}

std::size_t InputFile::size() const { return static_cast<std::size_t>(status().st_size); }
std::string InputFile::stamp() const { return stamp_of(status()); }

namespace {

std::string beginning_of(InputFile& file, std::size_t most) {
  std::string text;
  std::array<char, 1 << 16> buffer;
  while (text.size() < most) {
    const std::size_t wanted = std::min(buffer.size(), most - text.size());
    const std::size_t got = file.read(std::span(buffer).first(wanted));
    text.append(buffer.data(), got);
    if (got < wanted) break;
  }
  return text;
}

}  // namespace

std::string read_file(const fs::path& path, std::size_t most) {
  return within_memory(path, "cannot read", [&] {
    InputFile file(path);
    const auto refuse = [&] {
      throw TooLarge(fmt::format("{}: more than the {} bytes expected", path.string(), most));
    };
    if (file.size() > most) refuse();  // without a gigabyte of memory
    std::string text = beginning_of(file, most < text.max_size() ? most + 1 : most);
    if (text.size() > most) refuse();
    return text;
  });
}

std::string read_beginning(const fs::path& path, std::size_t most) {
  InputFile file(path);
  return beginning_of(file, most);
}

std::string sha256_of_file(const fs::path& path) {
  InputFile file(path);
  Sha256 digest;
  std::array<char, 1 << 16> buffer;
  while (const std::size_t got = file.read(buffer)) digest.add(buffer.data(), got);
  return digest.hex();
}

std::string stamp_of(const struct stat& status) {
  return fmt::format("{}:{}:{}:{}.{:09}", status.st_dev, status.st_ino, status.st_size, status.st_ctim.tv_sec,
                     status.st_ctim.tv_nsec);
}

std::string stamp_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) fail(path, "cannot look at", errno);
  return stamp_of(status);
}

void claim_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder_of(folder), error);
  if (error) fail(folder, "cannot create", error.value());
  if (::mkdir(folder.c_str(), 0755) != 0) fail(folder, "cannot create", errno);
  try {
    sync_folder(folder_of(folder));
  } catch (...) {
    ::rmdir(folder.c_str());
    throw;
  }
}

Descriptor open_to_lock(const fs::path& path) {
  try {
    return Descriptor(path, O_RDWR | O_NONBLOCK);
  } catch (const SystemError& error) {
    if (error.code != EACCES && error.code != EPERM && error.code != EROFS && error.code != ETXTBSY) throw;
    return Descriptor(path, O_RDONLY);
  }
}

Lock try_lock(int descriptor, const fs::path& path) {
  constexpr int enotsupp = 524;  // the kernel's own, which NFS lets through
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) return Lock::others;
    if (errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP || errno == enotsupp) return Lock::none;
    if (errno == EBADF && is_read_only(descriptor)) return Lock::none;  // on NFS
    fail(path, "cannot be locked", errno);
  }
  return Lock::mine;
}

}  // namespace gradus::records
