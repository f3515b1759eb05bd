#include "tools/sweep/builds.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "experiments/records/files.h"
#include "tools/sweep/shared_file.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t largest_copied = 1 << 30;  // bytes
constexpr const char* copies = ".programs";

}  // namespace

Executable read_executable(const fs::path& program) {
  std::error_code error;
  if (fs::file_size(program, error) > largest_copied) return {program, records::sha256_of_file(program)};
  const std::string bytes = records::read_file(program);
  return {program, records::sha256(bytes), bytes.starts_with("\177ELF") && bytes.find("$ORIGIN") == std::string::npos};
}

fs::path kept_copy(const fs::path& output, const Executable& executable) {
  if (!executable.may_be_copied) return executable.path;
  const fs::path folder = fs::absolute(output) / copies / executable.digest;
  const fs::path copy = folder / executable.path.filename();
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw records::SystemError(folder, "cannot create", error.value());
  if (!fs::exists(copy, error) || records::sha256_of_file(copy) != executable.digest) {
    const std::string bytes = records::read_file(executable.path);
    if (records::sha256(bytes) != executable.digest) refuse_replaced(executable);
    write_shared(output, copy, bytes);
  }
  if (::chmod(copy.c_str(), 0755) != 0) throw records::SystemError(copy, "cannot be made executable", errno);
  return ::access(copy.c_str(), X_OK) == 0 ? copy : executable.path;
}

void refuse_replaced(const Executable& executable) {
  throw std::runtime_error(
      fmt::format("{}: was replaced while it was asked: run the same command again", executable.path.string()));
}

void remove_unused_copies(const fs::path& output, const std::set<std::string>& used) {
  std::vector<fs::path> unused;
  std::error_code ignored;
  fs::directory_iterator entry(output / copies, ignored);
  for (const fs::directory_iterator end; !ignored && entry != end; entry.increment(ignored))
    if (!used.contains(entry->path().filename().string())) unused.push_back(entry->path());
  for (const fs::path& folder : unused) fs::remove_all(folder, ignored);
}

}  // namespace gradus::sweep
