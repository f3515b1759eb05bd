#include "experiments/records/program.h"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <new>
#include <string>

#include "experiments/records/text.h"

namespace gradus::records {
namespace {

int failed_write = 0;  // errno's of the first one to standard output

// Flushes standard output; throws std::runtime_error where something could not be written.
void finish_output() {
  errno = 0;
  std::cout.flush();
  const bool failed = std::fflush(stdout) != 0 || std::ferror(stdout) != 0 || !std::cout;
  if (!failed) return;
  const int error = failed_write != 0 ? failed_write : errno;
  const std::string reason = error != 0 ? std::strerror(error) : "an earlier write failed";
  std::clearerr(stdout);  // said once
  failed_write = 0;
  throw std::runtime_error(fmt::format("standard output: cannot write: {}", reason));
}

}  // namespace

void complain(std::string_view program, std::string_view message) {
  const std::string line = fmt::format("{}: {}\n", program, one_line(message));
  std::fputs(line.c_str(), stderr);
}

void put(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() && failed_write == 0) failed_write = errno;
}

int guarded_main(std::string_view program, const std::function<int()>& body) {
  std::signal(SIGXFSZ, SIG_IGN);
  int code = exit_failed;
  try {
    code = body();
  } catch (const UsageError& error) {
    complain(program, error.what());
    code = exit_usage;
  } catch (const std::bad_alloc&) {
    complain(program, out_of_memory);
  } catch (const std::exception& error) {
    complain(program, error.what());
  }
  try {
    finish_output();
  } catch (const std::exception& error) {
    complain(program, error.what());
    if (code == 0) code = exit_failed;
  }
  return code;
}

}  // namespace gradus::records
