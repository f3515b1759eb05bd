// Files that survive a crash: replaced as a whole, digested, and kept in folders that one run owns.
#pragma once

#include <cstddef>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gradus::records {

// The system refused something: "PATH: WHAT: REASON".
struct SystemError : std::runtime_error {
  SystemError(const std::filesystem::path& path, std::string_view what, int error);
  int code;  // errno's
};

// An open file, closed at the end. Throws SystemError.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags, unsigned mode = 0);  // flags as of open(2); O_CLOEXEC is added
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// All of these throw SystemError.

// Makes a finished file durable under its final name: fsync, rename, fsync of the folder. Readers see the old file or
// the new one, never a part.
void replace_file(const std::filesystem::path& finished, const std::filesystem::path& target);
// Writes contents into a new file beside the target and replaces it. On failure the old file is as it was.
void write_file(const std::filesystem::path& target, std::string_view contents);
// A file of more than `most` bytes is refused with a std::runtime_error.
std::string read_file(const std::filesystem::path& path, std::size_t most = std::numeric_limits<std::size_t>::max());
// The name that a new version of a file is written under before it replaces the old one.
std::filesystem::path new_version_of(const std::filesystem::path& target);
void sync_folder(const std::filesystem::path& folder);

// Lower-case hexadecimal SHA-256.
std::string sha256_of_file(const std::filesystem::path& path);
std::string sha256(std::string_view text);

// The folder that holds a file or a folder of this name: "." where it names none.
std::filesystem::path folder_of(const std::filesystem::path& path);
// Creates the folder (and its parents); of several processes that ask, one gets it. An existing one is refused with EEXIST.
void claim_folder(const std::filesystem::path& folder);

// An exclusive lock on an open file for as long as it is open, taken without waiting; false if another process has it.
// Where the file system has no locks, true.
bool lock_file(int descriptor);

}  // namespace gradus::records
