#include "tools/sweep/children.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <vector>

#include "tools/sweep/descendants.h"

namespace gradus::sweep {

Children::Children() {
  // Adopts what a supervisor leaves that somebody kills.
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) throw records::SystemError("/proc/self", "cannot adopt orphans", errno);
}

Children::~Children() {
  for (const auto& [child, supervisor] : running_) end_at_once(child);
  for (const auto& [child, supervisor] : running_)
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  end_children();
}

pid_t Children::start(const Launch& launch) {
  records::Pipe report = records::make_pipe(launch.argv[0]);
  Launch own = launch;
  own.environment.push_back(lifeline_.variable());
  const bool own_namespace = namespaces_.available();
  std::vector<pid_t> in_use;
  for (const auto& [other, supervisor] : running_) in_use.push_back(supervisor.last_pid);
  const std::optional<pid_t> last_pid = own_namespace ? std::optional(numbers_.next(in_use)) : std::nullopt;
  const pid_t child = own_namespace ? namespaces_.fork() : ::fork();
  if (child < 0) throw records::SystemError(launch.argv[0], "cannot be started", errno);
  if (child == 0) {
    ::close(lifeline_.write_end());
    supervise(own, lifeline_.read_end(), report.write.get(), shared_, last_pid);
  }
  running_.emplace(child, Supervisor{std::move(report.read), last_pid.value_or(0)});
  return child;
}

void Children::ask_to_end(pid_t child) const { ::kill(child, sweep::ask_to_end); }

void Children::end_at_once(pid_t child) const { ::kill(child, sweep::end_at_once); }

// Only its own: a child of somebody else's is theirs to wait for.
void Children::reap() {
  std::vector<pid_t> children;
  for (const auto& [child, supervisor] : running_) children.push_back(child);
  for (const pid_t child : children) {
    int status = 0;
    pid_t reaped = 0;
    while ((reaped = ::waitpid(child, &status, WNOHANG)) < 0 && errno == EINTR) {
    }
    if (reaped != child) continue;
    const auto found = running_.find(child);
    ProcessEnd ending;
    if (::read(found->second.report.get(), &ending, sizeof ending) != static_cast<ssize_t>(sizeof ending)) {
      ending = {ProcessEnd::Kind::lost, WIFSIGNALED(status) ? WTERMSIG(status) : 0};
      std::set<pid_t> others = spared_;
      for (const auto& [other, supervisor] : running_)
        if (other != child) others.insert(other);
      end_children(others);
    }
    running_.erase(found);
    ended_.emplace(child, ending);
  }
}

std::optional<std::pair<pid_t, ProcessEnd>> Children::collect() {
  const auto first = [&] {
    return std::find_if(ended_.begin(), ended_.end(), [&](const auto& one) { return !reserved_.contains(one.first); });
  };
  if (first() == ended_.end()) reap();
  const auto found = first();
  if (found == ended_.end()) return std::nullopt;
  std::pair<pid_t, ProcessEnd> ended = *found;
  ended_.erase(found);
  return ended;
}

std::optional<ProcessEnd> Children::collect(pid_t child) {
  if (!ended_.contains(child)) reap();
  const auto found = ended_.find(child);
  if (found == ended_.end()) return std::nullopt;
  const ProcessEnd ending = found->second;
  ended_.erase(found);
  reserved_.erase(child);
  return ending;
}

}  // namespace gradus::sweep
