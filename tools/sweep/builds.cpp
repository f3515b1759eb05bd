#include "tools/sweep/builds.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "experiments/records/files.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

namespace {
constexpr std::uintmax_t largest_copied = 1 << 30;  // bytes
}

Executable read_executable(const fs::path& program) {
  std::error_code error;
  if (fs::file_size(program, error) > largest_copied) return {program, records::sha256_of_file(program), {}};
  Executable executable{program, {}, records::read_file(program)};
  executable.digest = records::sha256(executable.bytes);
  if (!executable.bytes.starts_with("\177ELF") || executable.bytes.find("$ORIGIN") != std::string::npos)
    executable.bytes.clear();
  return executable;
}

fs::path kept_copy(const fs::path& output, const Executable& executable) {
  if (executable.bytes.empty()) return executable.path;
  const fs::path folder = fs::absolute(output) / ".programs" / executable.digest;
  const fs::path copy = folder / executable.path.filename();
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw records::SystemError(folder, "cannot create", error.value());
  const bool whole = fs::exists(copy, error) && records::sha256_of_file(copy) == executable.digest;
  if (!whole) records::write_file(copy, executable.bytes);
  if (::chmod(copy.c_str(), 0755) != 0) throw records::SystemError(copy, "cannot be made executable", errno);
  return ::access(copy.c_str(), X_OK) == 0 ? copy : executable.path;
}

}  // namespace gradus::sweep
