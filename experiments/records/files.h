// Files that survive a crash: replaced as a whole, digested, and kept in folders that one run owns.
#pragma once

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "experiments/records/descriptor.h"
#include "experiments/records/digest.h"

struct stat;

namespace gradus::records {

// A file that is larger than whoever reads it expects.
struct TooLarge : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// All of these throw SystemError.

// A regular file, read from its start.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& path);
  // Fills the bytes, and says how many there were: fewer only at the file's end.
  std::size_t read(std::span<char> bytes);
  // Bytes of the whole file now.
  std::size_t size() const;
  std::string stamp() const;  // stamp_of

 private:
  struct stat status() const;
  std::filesystem::path path_;
  Descriptor file_;
};

// A new version of a file, filled under another name: readers see the old one or the new one, never a part.
class NewFile {
 public:
  explicit NewFile(const std::filesystem::path& target);
  // By a name, on the same file system, that is the caller's alone: where other processes may write the target too.
  NewFile(const std::filesystem::path& target, const std::filesystem::path& temporary);
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile();  // what was not kept goes, and the old version stays
  // Where it is filled.
  const std::filesystem::path& path() const { return temporary_; }
  void write(std::string_view bytes);
  // Makes it durable, and renames it to the target.
  void keep();

 private:
  std::filesystem::path target_, temporary_;
  Descriptor file_;
  bool kept_ = false;
};

// Calls what reads or makes the file; where memory does not suffice for that, it is the system's trouble with this
// file.
template <class Call>
decltype(auto) within_memory(const std::filesystem::path& path, std::string_view what, Call&& call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    throw SystemError(path, what, ENOMEM);
  }
}

// Throws std::runtime_error for what is there but no regular file: opening a pipe to read it could wait for ever.
void require_regular_file(const std::filesystem::path& path);
// Writes contents into a new file beside the target, makes it durable and renames it: readers see the old file or the
// new one, never a part. On failure the old file is as it was.
void write_file(const std::filesystem::path& target, std::string_view contents);
// The same where other processes may write the target too: by a name, on the same file system, that is the caller's
// alone.
void write_file(const std::filesystem::path& target, std::string_view contents, const std::filesystem::path& temporary);
// The same with what another file holds, if its SHA-256 is this one; otherwise false, and nothing is written.
bool copy_file(const std::filesystem::path& source, const std::filesystem::path& target, std::string_view sha256,
               const std::filesystem::path& temporary);
// A file of more than `most` bytes is refused with TooLarge.
std::string read_file(const std::filesystem::path& path, std::size_t most = std::numeric_limits<std::size_t>::max());
// At most so many bytes from the file's start.
std::string read_beginning(const std::filesystem::path& path, std::size_t most);
// A hidden name beside the target: ".NAME" and the suffix; instead of a NAME that leaves no room for that, its digest.
std::filesystem::path hidden_beside(const std::filesystem::path& target, std::string_view suffix);
// The name that a new version of a file is written under before it replaces the old one.
std::filesystem::path new_version_of(const std::filesystem::path& target);
void sync_folder(const std::filesystem::path& folder);
// Renames in one step, and over nothing: false where the name is taken, or where the file system has no such step.
bool rename_to_new(const std::filesystem::path& from, const std::filesystem::path& to);
// A finished folder takes the place of an earlier one, in one step where the file system can; returns where the earlier
// one lies now, from where it is to be removed (finish_replacement, if a kill comes in between).
std::filesystem::path replace_folder(const std::filesystem::path& finished, const std::filesystem::path& target);
// Ends what a kill has interrupted in replace_folder: what lies aside takes its place again if nothing is there, and
// goes otherwise. False if there was nothing aside.
bool finish_replacement(const std::filesystem::path& target);
// The suffix (hidden_beside) of what lies aside.
inline constexpr std::string_view aside_suffix = ".old";
void remove_folder(const std::filesystem::path& folder);

// Lower-case hexadecimal SHA-256.
std::string sha256_of_file(const std::filesystem::path& path);

// Identity, size and time of change: another text for a file that was replaced, or written to since.
std::string stamp_of(const struct stat& status);
std::string stamp_of(const std::filesystem::path& path);

// The folder that holds a file or a folder of this name: "." where it names none.
std::filesystem::path folder_of(const std::filesystem::path& path);
// Creates the folder (and its parents); of several processes that ask, one gets it. An existing one is refused with
// EEXIST.
void claim_folder(const std::filesystem::path& folder);

enum class Lock {
  mine,
  others,  // another process has it
  none     // the file system has no locks: nothing is known of other processes
};

// Opens a file whose lock is to be asked for: for writing too where that is allowed, as NFS locks only what may be
// written. Throws SystemError.
Descriptor open_to_lock(const std::filesystem::path& path);
// An exclusive lock on an open file for as long as it is open, taken without waiting. The path is for the message.
Lock try_lock(int descriptor, const std::filesystem::path& path);

}  // namespace gradus::records
