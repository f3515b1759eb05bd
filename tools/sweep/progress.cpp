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

constexpr auto between_lines = std::chrono::seconds(30);

}  // namespace

Progress::Progress(bool quiet)
    : to_(quiet                          ? To::nobody
          : ::isatty(STDERR_FILENO) == 1 ? To::terminal
                                         : To::file),
      next_line_(std::chrono::steady_clock::now() + between_lines),
      started_(std::chrono::steady_clock::now()) {}

Progress::~Progress() { clear(); }

std::string Progress::line_of(const Counts& counts) const {
  std::string line =
      fmt::format("{}/{}  {} failed  {} running", counts.done(), counts.total, counts.failed, counts.running);
  // Runs that were skipped cost nothing and say nothing about the time the others need.
  const int finished = counts.done() - counts.skipped;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  if (finished > 0 && seconds > 0) {
    const double rate = finished / seconds;
    line += rate >= 1 ? fmt::format("  {:.1f} runs/s", rate) : fmt::format("  {:.1f} runs/min", 60 * rate);
    line += fmt::format("  ETA {}", clock_text((counts.total - counts.done()) / rate));
  }
  return line;
}

void Progress::show(const Counts& counts) {
  if (to_ == To::nobody) return;
  if (to_ == To::file) {
    if (std::chrono::steady_clock::now() < next_line_) return;
    next_line_ = std::chrono::steady_clock::now() + between_lines;
    return write(line_of(counts) + "\n");
  }
  constexpr int width = 24;
  const int filled = counts.total > 0 ? static_cast<int>(1LL * width * counts.done() / counts.total) : width;
  std::string line = fmt::format("[{}{}] {}", std::string(static_cast<std::size_t>(filled), '#'),
                                 std::string(static_cast<std::size_t>(width - filled), '.'), line_of(counts));
  line.resize(std::min(line.size(), terminal_columns() - 1));
  write("\r\x1b[K" + line);
  std::fflush(stderr);
}

void Progress::note(const std::string& line) {
  if (to_ != To::terminal) return;
  write("\r\x1b[K" + line + "\n");
}

void Progress::clear() {
  if (to_ != To::terminal) return;
  write("\r\x1b[K");
  std::fflush(stderr);
}

}  // namespace gradus::sweep
