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

// Creates the folder (and its parents); of several processes that ask, one gets it. An existing folder is refused; with
// overwrite it is removed first, but only if it is empty or holds the config.json of a run that is not running now.
void claim_folder(const std::filesystem::path& folder, bool overwrite);

// An exclusive lock on an open file for as long as it is open, taken without waiting; false if another process has it.
// Where the file system has no locks, true.
bool lock_file(int descriptor);

}  // namespace gradus::records
