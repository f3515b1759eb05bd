#include "tools/sweep/place.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "experiments/records/text.h"

namespace gradus::sweep {
namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

nlohmann::json place_of_processes() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  std::error_code error;
  return {{"host", records::printable(host.data())},
          {"boot", first_line("/proc/sys/kernel/random/boot_id")},
          {"processes", fs::read_symlink("/proc/self/ns/pid", error).string()}};
}

std::string beginning_of(std::int64_t process) {
  constexpr int field_of_beginning = 22;  // proc(5); the second is the name
  const std::string line = first_line(fmt::format("/proc/{}/stat", process));
  std::size_t at = line.rfind(')');  // the name may hold anything
  for (int field = 2; field < field_of_beginning && at != line.npos; ++field) at = line.find(' ', at + 1);
  return at == line.npos ? std::string() : line.substr(at + 1, line.find(' ', at + 1) - at - 1);
}

}  // namespace gradus::sweep
