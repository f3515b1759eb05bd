// The progress of a run on a terminal: rate, time left, current loss. Silent in a file or when told to be quiet.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace gradus::lab {

class ProgressLine {
 public:
  void start(std::string label, bool quiet);
  void expect(std::int64_t steps) { expected_ = steps; }
  void step(std::int64_t step, double loss);
  void say(const std::string& line);
  // Erases the line.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  std::string label_;
  bool shown_ = false, drawn_ = false;
  std::int64_t expected_ = 0;
  Clock::time_point started_, drawn_at_;
};

}  // namespace gradus::lab
