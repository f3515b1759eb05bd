// The line at the foot of the terminal while a sweep runs.
#pragma once

#include <chrono>
#include <string>

namespace gradus::sweep {

struct Counts {
  int total = 0;
  int skipped = 0;    // finished before this sweep started
  int elsewhere = 0;  // finished by another sweep since then
  int completed = 0;
  int diverged = 0;
  int failed = 0;
  int stopped = 0;  // pending: have ended by themselves before their end, and can go on
  int left = 0;     // left alone: cannot be read or started now, or written by others
  int running = 0;
  int done() const { return skipped + elsewhere + completed + diverged + failed + stopped + left; }
};

class Progress {
 public:
  explicit Progress(bool quiet);  // silent too when standard error is no terminal
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const Counts& counts);
  void note(const std::string& line);  // above the bar, to stay
  void clear();

 private:
  bool active_;
  std::chrono::steady_clock::time_point started_;
};

}  // namespace gradus::sweep
