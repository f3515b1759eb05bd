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

// A file that is larger than whoever reads it expects.
struct TooLarge : std::runtime_error {
  using std::runtime_error::runtime_error;
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

// Throws std::runtime_error for what is there but no regular file: opening a pipe to read it could wait for ever.
void require_regular_file(const std::filesystem::path& path);
// Makes a finished file durable under its final name: fsync, rename, fsync of the folder. Readers see the old file or
// the new one, never a part.
void replace_file(const std::filesystem::path& finished, const std::filesystem::path& target);
// Writes contents into a new file beside the target and replaces it. On failure the old file is as it was.
void write_file(const std::filesystem::path& target, std::string_view contents);
// A file of more than `most` bytes is refused with TooLarge.
std::string read_file(const std::filesystem::path& path, std::size_t most = std::numeric_limits<std::size_t>::max());
// At most so many bytes from the file's start.
std::string read_beginning(const std::filesystem::path& path, std::size_t most);
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

enum class Lock {
  mine,
  others,  // another process has it
  none     // the file system has no locks: nothing is known of other processes
};

// An exclusive lock on an open file for as long as it is open, taken without waiting. The path is for the message.
Lock try_lock(int descriptor, const std::filesystem::path& path);

}  // namespace gradus::records
