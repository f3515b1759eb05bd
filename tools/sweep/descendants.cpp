#include "tools/sweep/descendants.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace gradus::sweep {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// From /proc/PID/stat: "PID (NAME) STATE PARENT ..."; the name may hold anything, also brackets.
pid_t parent_of(const fs::path& process) {
  std::ifstream file(process / "stat");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::size_t name_end = text.rfind(')');
  pid_t parent = -1;
  if (name_end != text.npos && text.size() > name_end + 4)
    std::from_chars(text.data() + name_end + 4, text.data() + text.size(), parent);
  return parent;
}

std::vector<pid_t> children_of_this_process() {
  const pid_t self = ::getpid();
  std::vector<pid_t> children;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; }) &&
        parent_of(entry->path()) == self)
      children.push_back(static_cast<pid_t>(std::stol(name)));
  }
  return children;
}

}  // namespace

void end_children(const std::set<pid_t>& but) {
  // A child's number cannot become another process's before it is waited for here, and a grandchild whose parent has
  // been killed is a child in the next turn: so no number of a foreign process is ever signalled.
  for (auto pause = 1ms;; pause = std::min(2 * pause, 50ms)) {
    siginfo_t any{};
    if (::waitid(P_ALL, 0, &any, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD) return;
    bool killed = false, alive = false;
    for (const pid_t child : children_of_this_process()) {
      if (but.contains(child) || ::kill(child, SIGKILL) != 0) continue;
      killed = true;
      if (::waitpid(child, nullptr, WNOHANG) != child) alive = true;
    }
    if (!killed) return;
    if (alive) std::this_thread::sleep_for(pause);
  }
}

}  // namespace gradus::sweep
