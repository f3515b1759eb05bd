// Gives the files of a corpus to a target, one after the other: what libFuzzer has found stays mended, also where
// there is no clang.
//
// usage: fuzz_TARGET [--verdicts] FILE-OR-FOLDER ...
// --verdicts says of each input whether it was accepted, or what it was refused with.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/time.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/target.h"
#include "tests/sanitized.h"
#include "tests/support/files.h"

namespace gradus::fuzz {
namespace {

namespace fs = std::filesystem;

// Of the processor, for one input: SIGPROF ends what takes longer. A sanitizer takes a multiple.
constexpr int most_seconds = sanitized ? 25 : 5;
constexpr rlim_t most_bytes = rlim_t{1} << 30;

void limit_time() {
  itimerval time{};
  time.it_value.tv_sec = most_seconds;
  ::setitimer(ITIMER_PROF, &time, nullptr);
}

// The sanitizer reserves more than it uses.
void limit_memory() {
  if (sanitized) return;
  const rlimit limit{most_bytes, most_bytes};
  ::setrlimit(RLIMIT_DATA, &limit);
}

std::vector<fs::path> inputs_in(const std::vector<std::string>& places) {
  std::vector<fs::path> inputs;
  for (const fs::path place : places) {
    if (!fs::is_directory(place)) {
      inputs.push_back(place);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(place))
      if (entry.is_regular_file()) inputs.push_back(entry.path());
  }
  std::sort(inputs.begin(), inputs.end());
  return inputs;
}

int replay(const std::vector<std::string>& arguments) {
  std::vector<std::string> places = arguments;
  const bool verdicts = std::erase(places, "--verdicts") > 0;
  const std::vector<fs::path> inputs = inputs_in(places);
  if (inputs.empty()) {
    std::fputs("no inputs: expected files, or folders with some\n", stderr);
    return 2;
  }
  limit_memory();
  std::size_t accepted = 0;
  for (const fs::path& input : inputs) {
    if (!fs::is_regular_file(input)) {
      fmt::print(stderr, "{}: no such file\n", input.string());
      return 2;
    }
    const std::string bytes = bytes_of(input);
    if (!verdicts) fmt::print("{}\n", input.string());
    std::fflush(stdout);  // where it ends the process, its name has been said
    refusal().clear();
    limit_time();
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    accepted += refusal().empty() ? 1 : 0;
    if (verdicts) fmt::print("{}: {}\n", input.string(), refusal().empty() ? "accepted" : "refused: " + refusal());
  }
  fmt::print("{} inputs, {} accepted\n", inputs.size(), accepted);
  if (verdicts || accepted > 0) return 0;
  std::fputs("every input was refused: expected some that show the loader at its work\n", stderr);
  return 1;
}

}  // namespace
}  // namespace gradus::fuzz

int main(int argc, char** argv) { return gradus::fuzz::replay({argv + 1, argv + argc}); }
