// How far a sweep is: a line at the foot of the terminal, or one every half minute where there is none.
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
  int pruned = 0;   // stopped early
  int stopped = 0;  // pending: have ended by themselves before their end, and can go on
  int left = 0;     // left alone: cannot be read or started now, or written by others
  int running = 0;
  int done() const { return skipped + elsewhere + completed + diverged + failed + pruned + stopped + left; }
};

class Progress {
 public:
  explicit Progress(bool quiet);  // silent
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const Counts& counts);
  void note(const std::string& line);  // on a terminal: above the bar, to stay
  void clear();

 private:
  enum class To { nobody, terminal, file };
  std::string line_of(const Counts& counts) const;

  To to_;
  std::chrono::steady_clock::time_point next_line_;  // in a file
  std::chrono::steady_clock::time_point started_;
};

}  // namespace gradus::sweep
