// What every program of ours does at its beginning and its end.
#pragma once

#include <functional>
#include <stdexcept>
#include <string_view>

#include "experiments/records/text.h"

namespace gradus::records {

// A command line or a specification that asks for something that does not exist or is not allowed (exit code 2). The
// message is one line, without the program's name.
struct UsageError : std::invalid_argument {
  explicit UsageError(std::string_view message) : std::invalid_argument(one_line(message)) {}
};

// A signal asked the program to end: no error, so that nobody who catches errors catches it.
struct Interrupted {
  const char* what;
};

inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_diverged = 3;  // a number of a run is not finite
inline constexpr int exit_stopped = 75;  // as asked, and goes on from its checkpoint (EX_TEMPFAIL)
inline constexpr int exit_interrupted = 130;

// What is said where memory did not suffice and nobody knows for what: see within_memory (files.h).
inline constexpr const char* out_of_memory = "not enough memory";

// Runs the body and returns the program's exit code: that of the body, 2 after a UsageError, 1 after another exception,
// which become one line on standard error. A file size limit is an error like a full disk, not a signal. Output that
// cannot be written is an error too: standard output is flushed and looked at in the end.
int guarded_main(std::string_view program, const std::function<int()>& body);

// Writes "PROGRAM: MESSAGE" as one line to standard error.
void complain(std::string_view program, std::string_view message);

// Writes to standard output. What cannot be written is noticed in the end, with the system's reason.
void put(std::string_view text);

}  // namespace gradus::records
