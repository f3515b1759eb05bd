#include "tests/fuzz/target.h"

#include <cstdio>
#include <cstdlib>
#include <limits>

#include "experiments/records/text.h"
#include "tests/support/files.h"

namespace gradus::fuzz {
namespace {

constexpr std::size_t longest_message = 4000;  // records::one_line() makes no more

}  // namespace

const std::filesystem::path& scratch() {
  static const TemporaryFolder folder;
  return folder.path();
}

std::filesystem::path file_with(std::string_view bytes, const std::string& name) {
  const std::filesystem::path path = scratch() / name;
  put_file(path, std::string(bytes));
  return path;
}

void fail(const std::string& what) {
  std::fprintf(stderr, "does not hold: %s\n", what.c_str());
  std::abort();
}

void check_message(const std::string& message, const std::string& name) {
  if (message.empty()) fail("a refusal says why");
  const std::string printable = records::printable(message, std::numeric_limits<std::size_t>::max());
  if (message != printable) fail("a message is one printable line, not: " + printable);
  if (message.size() > longest_message) fail("a message is short, not: " + message);
  if (message.find(name) == std::string::npos) fail("a message names " + name + ", not: " + message);
}

std::string& refusal() {
  static std::string text;
  return text;
}

}  // namespace gradus::fuzz
