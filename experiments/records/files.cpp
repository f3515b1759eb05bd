#include "experiments/records/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace gradus::records {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, std::string_view what, int error) {
  throw SystemError(path, what, error);
}

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
      throw std::runtime_error("SHA-256 is not available from OpenSSL");
  }
  void add(const void* data, std::size_t size) { EVP_DigestUpdate(context_.get(), data, size); }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    std::string text;
    for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

SystemError::SystemError(const fs::path& path, std::string_view what, int error)
    : std::runtime_error(fmt::format("{}: {}: {}", path.string(), what, std::strerror(error))), code(error) {}

Descriptor::Descriptor(const fs::path& path, int flags, unsigned mode)
    // Nothing that is opened to be read is waited for, such as the writer of a pipe; a regular file knows no difference.
    : descriptor_(::open(path.c_str(), flags | O_CLOEXEC | ((flags & O_ACCMODE) == O_RDONLY ? O_NONBLOCK : 0), mode)) {
  if (descriptor_ < 0) fail(path, "cannot open", errno);
}

void require_regular_file(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status))
    throw std::runtime_error(fmt::format("{}: not a regular file", path.string()));
}

Descriptor::~Descriptor() { ::close(descriptor_); }

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

fs::path new_version_of(const fs::path& target) {
  return folder_of(target) / fmt::format(".{}.new", target.filename().string());
}

void sync_folder(const fs::path& folder) {
  const Descriptor directory(folder, O_RDONLY | O_DIRECTORY);
  // Some file systems cannot sync a folder, and say so.
  if (::fsync(directory.get()) != 0 && errno != EINVAL && errno != ENOTSUP) fail(folder, "cannot sync", errno);
}

void replace_file(const fs::path& finished, const fs::path& target) {
  {
    const Descriptor file(finished, O_RDONLY);
    if (::fsync(file.get()) != 0) fail(finished, "cannot sync", errno);
  }
  if (::rename(finished.c_str(), target.c_str()) != 0) fail(target, "cannot replace", errno);
  sync_folder(folder_of(target));
}

void write_file(const fs::path& target, std::string_view contents) {
  const fs::path temporary = new_version_of(target);
  try {
    {
      const Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0644);
      while (!contents.empty()) {
        const ssize_t written = ::write(file.get(), contents.data(), contents.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail(target, "cannot write", errno);
        contents.remove_prefix(static_cast<std::size_t>(written));
      }
    }
    replace_file(temporary, target);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

std::string read_file(const fs::path& path, std::size_t most) {
  require_regular_file(path);
  const Descriptor file(path, O_RDONLY);
  std::string text;
  std::array<char, 1 << 16> buffer;
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, "cannot read", errno);
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > most)
      throw TooLarge(fmt::format("{}: more than the {} bytes expected", path.string(), most));
  }
}

std::string read_beginning(const fs::path& path, std::size_t most) {
  require_regular_file(path);
  const Descriptor file(path, O_RDONLY);
  std::string text;
  std::array<char, 1 << 12> buffer;
  while (text.size() < most) {
    const ssize_t got = ::read(file.get(), buffer.data(), std::min(buffer.size(), most - text.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, "cannot read", errno);
    if (got == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

std::string sha256_of_file(const fs::path& path) {
  require_regular_file(path);
  const Descriptor file(path, O_RDONLY);
  Sha256 digest;
  std::array<char, 1 << 16> buffer;
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, "cannot read", errno);
    if (got == 0) return digest.hex();
    digest.add(buffer.data(), static_cast<std::size_t>(got));
  }
}

std::string sha256(std::string_view text) {
  Sha256 digest;
  digest.add(text.data(), text.size());
  return digest.hex();
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

Lock try_lock(int descriptor, const fs::path& path) {
  constexpr int enotsupp = 524;  // the kernel's own, which NFS lets through
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) return Lock::others;
    if (errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP || errno == enotsupp) return Lock::none;
    fail(path, "cannot be locked", errno);
  }
  return Lock::mine;
}

}  // namespace gradus::records
