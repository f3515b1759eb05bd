#include "tools/sweep/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace gradus::sweep {
namespace {

std::size_t terminal_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<long long>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

// A terminal that has gone away is no reason to end.
void write(const std::string& text) { static_cast<void>(std::fputs(text.c_str(), stderr)); }

}  // namespace

Progress::Progress(bool quiet)
    : active_(!quiet && ::isatty(STDERR_FILENO) == 1), started_(std::chrono::steady_clock::now()) {}

Progress::~Progress() { clear(); }

void Progress::show(const Counts& counts) {
  if (!active_) return;
  constexpr int width = 24;
  const int filled = counts.total > 0 ? static_cast<int>(1LL * width * counts.done() / counts.total) : width;
  std::string line =
      fmt::format("[{}{}] {}/{}  {} failed  {} running", std::string(static_cast<std::size_t>(filled), '#'),
                  std::string(static_cast<std::size_t>(width - filled), '.'), counts.done(), counts.total,
                  counts.failed, counts.running);
  // Runs that were skipped cost nothing and say nothing about the time the others need.
  const int finished = counts.done() - counts.skipped;  // others' count too: they share the work
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  if (finished > 0 && seconds > 0) {
    const double rate = finished / seconds;
    line += rate >= 1 ? fmt::format("  {:.1f} runs/s", rate) : fmt::format("  {:.1f} runs/min", 60 * rate);
    line += fmt::format("  ETA {}", clock_text((counts.total - counts.done()) / rate));
  }
  line.resize(std::min(line.size(), terminal_columns() - 1));
  write("\r\x1b[K" + line);
  std::fflush(stderr);
}

void Progress::note(const std::string& line) {
  if (!active_) return;
  write("\r\x1b[K" + line + "\n");
}

void Progress::clear() {
  if (!active_) return;
  write("\r\x1b[K");
  std::fflush(stderr);
}

}  // namespace gradus::sweep
