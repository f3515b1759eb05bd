// Asking a program something over its standard input and output, within bounds of time and size.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/sweep/children.h"
#include "tools/sweep/signals.h"

namespace gradus::sweep {

struct Question {
  std::vector<std::string> argv;
  std::function<std::optional<std::string>()> next_line;  // for its standard input; none: that is all
  std::function<bool(std::string_view)> take_line;        // of its standard output; false: enough, end it
  std::chrono::milliseconds patience{10'000};             // until it ends,
  bool for_each_line = false;                             // or for each line anew
  Environment environment = {"OMP_NUM_THREADS=1"};
};

struct Reply {
  ProcessEnd ending;
  bool late = false;     // ended by us: its time was over
  bool stopped = false;  // ended by us: take_line had enough, or what came was too long
  std::string errors;    // the beginning of what it wrote to standard error
};

// Returns when the program has ended with all that it started. Throws records::Interrupted and records::SystemError.
Reply converse(Children& children, Signals& signals, const Question& question);

}  // namespace gradus::sweep
