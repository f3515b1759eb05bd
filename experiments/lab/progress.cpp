#include "experiments/lab/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace gradus::lab {

void ProgressLine::start(std::string label, bool quiet) {
  label_ = std::move(label);
  shown_ = !quiet && isatty(STDERR_FILENO);
  started_ = drawn_at_ = Clock::now();
}

void ProgressLine::step(std::int64_t step, double loss) {
  if (!shown_) return;
  const auto now = Clock::now();
  if (now - drawn_at_ < std::chrono::milliseconds(100)) return;
  drawn_at_ = now;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  const double rate = static_cast<double>(step) / seconds;
  std::string line = fmt::format("\r{}  step {}", label_, step);
  if (expected_ > 0)
    line += fmt::format("/{} ({:.0f}%)", expected_, 100.0 * static_cast<double>(step) / static_cast<double>(expected_));
  line += fmt::format("  {:.0f} steps/s", rate);
  if (expected_ > step) line += fmt::format("  {:.0f} s left", static_cast<double>(expected_ - step) / rate);
  line += fmt::format("  loss {:.4f}\x1b[K", loss);
  std::fputs(line.c_str(), stderr);
  drawn_ = true;
}

void ProgressLine::say(const std::string& line) {
  if (!shown_) return;
  finish();
  std::fprintf(stderr, "%s\n", line.c_str());
}

void ProgressLine::finish() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

}  // namespace gradus::lab
