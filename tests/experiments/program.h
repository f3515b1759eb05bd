// A program of the laboratory that a test runs, each time in a process of its own.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "experiments/lab/run.h"
#include "tests/support/files.h"

namespace gradus::lab {

class Program {
 public:
  // Its exit code; what it said is in errors.
  int run(const std::function<void(Run&)>& body, std::vector<std::string> options = {}) {
    options.insert(options.begin(), "prog");
    options.push_back("--output=" + output().string());
    std::vector<const char*> arguments;
    for (const std::string& option : options) arguments.push_back(option.c_str());
    std::fflush(stdout);  // once, not by the child too
    const pid_t child = ::fork();
    if (child == 0) {
      if (!std::freopen((folder_ / "stderr").c_str(), "w", stderr)) ::_exit(99);
      const int code = lab::main("prog", "", static_cast<int>(arguments.size()), arguments.data(), body);
      std::fflush(stderr);
      ::_exit(code);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    errors = bytes_of(folder_ / "stderr");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::filesystem::path output() const { return folder_ / "run"; }

  std::string errors;

 private:
  TemporaryFolder folder_;
};

}  // namespace gradus::lab
