// The most memory that some work takes, measured alike for us and for the peers: resident pages, as the system counts
// them.
// Read by C++17 programs too.
#pragma once

#include <malloc.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace memory {

// One measurement: it builds its model and data, runs a small problem of the same kind once, and returns the work.
using Case = std::function<std::function<void()>()>;
using Cases = std::vector<std::pair<std::string, Case>>;

// The largest number of bytes that were resident at once since the last reset_peak().
inline double peak() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stod(line.substr(6)) * 1024;
  }
  throw std::runtime_error("/proc/self/status: no line VmHWM");
}

// The peak becomes what is resident now, without what malloc keeps of memory that was freed.
inline void reset_peak() {
  malloc_trim(0);
  std::ofstream clear("/proc/self/clear_refs");
  if (!(clear << "5" << std::flush)) throw std::runtime_error("/proc/self/clear_refs: cannot reset the peak");
}

// How far the peak rises while the work is done, in bytes.
inline double growth(const Case& prepare) {
  // By default malloc raises this threshold as it goes, and the peak then hangs on where its heap happens to have gaps.
  mallopt(M_MMAP_THRESHOLD, 128 << 10);
  const std::function<void()> work = prepare();
  reset_peak();
  const double before = peak();
  work();
  return peak() - before;
}

// With the argument --memory prints the names of the cases, one a line; with --memory=NAME the bytes of that case, to
// be the only one of its process. Returns false where there is no such argument.
inline bool run(int argc, char** argv, const Cases& cases) {
  const std::string argument = argc == 2 ? argv[1] : "";
  if (argument == "--memory") {
    for (const auto& [name, prepare] : cases) std::printf("%s\n", name.c_str());
    return true;
  }
  if (argument.rfind("--memory=", 0) != 0) return false;
  for (const auto& [name, prepare] : cases) {
    if (argument.substr(9) != name) continue;
    std::printf("%.0f\n", growth(prepare));
    return true;
  }
  throw std::invalid_argument("no case '" + argument.substr(9) + "'; --memory lists them");
}

}  // namespace memory
