// That somebody asked the sweeps in a folder to end (sweep cancel), from whatever host.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace gradus::sweep {

class Cancellation {
 public:
  // What was asked before does not concern who begins now.
  explicit Cancellation(const std::filesystem::path& output);
  // Whether it has been asked since. Looks at the folder, at most twice a second.
  bool asked();

  // Asks. Throws records::SystemError.
  static void ask(const std::filesystem::path& output);

 private:
  std::filesystem::path file_;
  std::string before_;
  std::chrono::steady_clock::time_point next_look_;
};

}  // namespace gradus::sweep
