#include "tools/sweep/builds.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "experiments/records/executable.h"
#include "experiments/records/files.h"
#include "tools/sweep/shared_file.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t largest_copied = 1 << 30;  // bytes
constexpr fs::perms all_may_run{0755};
constexpr std::string_view elf = "\177ELF";

// Read in pieces: what a large text leaves of the heap would be copied with each fork.
bool mentions(const fs::path& path, std::string_view text) {
  records::InputFile file(path);
  std::array<char, 1 << 16> buffer;
  std::string window;
  while (const std::size_t got = file.read(buffer)) {
    window.append(buffer.data(), got);
    if (window.find(text) != window.npos) return true;
    window.erase(0, window.size() - std::min(window.size(), text.size() - 1));
  }
  return false;
}

}  // namespace

Executable read_executable(const fs::path& program) {
  std::error_code error;
  if (fs::file_size(program, error) > largest_copied) return {program, records::sha256_of_file(program)};
  Executable executable{program, records::sha256_of_file(program)};
  executable.may_be_copied = records::read_beginning(program, elf.size()) == elf && !mentions(program, "$ORIGIN");
  return executable;
}

fs::path kept_copy(const fs::path& output, const Executable& executable) {
  if (!executable.may_be_copied) return executable.path;
  const fs::path folder = fs::absolute(output) / programs_folder / executable.digest;
  const fs::path copy = folder / executable.path.filename();
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw records::SystemError(folder, "cannot create", error.value());
  if (!fs::exists(copy, error) || records::sha256_of_file(copy) != executable.digest) {
    // Executable before it has its name: another sweep may have begun with a copy that this one replaces.
    const fs::path own = own_file(output, "executable");
    if (!records::copy_file(executable.path, own, executable.digest, own_file(output, "executable.part")))
      refuse_replaced(executable);
    if (::chmod(own.c_str(), 0755) != 0) throw records::SystemError(own, "cannot be made executable", errno);
    if (::rename(own.c_str(), copy.c_str()) != 0) throw records::SystemError(copy, "cannot be written", errno);
  }
  // Not again: the time of its change is a part of what known_digest tells, also to another sweep's runs.
  if ((fs::status(copy).permissions() & fs::perms::mask) != all_may_run && ::chmod(copy.c_str(), 0755) != 0)
    throw records::SystemError(copy, "cannot be made executable", errno);
  return ::access(copy.c_str(), X_OK) == 0 ? copy : executable.path;
}

Environment known_digest(const fs::path& kept) {
  const fs::path folder = kept.parent_path();
  if (folder.parent_path().filename() != programs_folder) return {};
  return {records::executable_variable(kept, folder.filename().string())};
}

void refuse_replaced(const Executable& executable) {
  throw std::runtime_error(
      fmt::format("{}: was replaced while it was asked: run the same command again", executable.path.string()));
}

void remove_unused_copies(const fs::path& output, const std::set<std::string>& used,
                          const std::function<std::set<std::string>()>& more) {
  std::vector<fs::path> unused;
  std::error_code ignored;
  fs::directory_iterator entry(output / programs_folder, ignored);
  for (const fs::directory_iterator end; !ignored && entry != end; entry.increment(ignored))
    if (!used.contains(entry->path().filename().string())) unused.push_back(entry->path());
  if (unused.empty()) return;
  const std::set<std::string> also = more();
  for (const fs::path& folder : unused)
    if (!also.contains(folder.filename().string())) fs::remove_all(folder, ignored);
}

}  // namespace gradus::sweep
