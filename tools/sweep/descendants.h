// Ending whatever a process has left behind.
#pragma once

#include <sys/types.h>

#include <set>

namespace gradus::sweep {

// Kills this process's children but those named, waits for them, and goes on with what they leave to this process,
// which must be a sub-reaper: so every descendant ends, however it was started. Returns when none is left, or none that
// may be killed (another user's).
void end_children(const std::set<pid_t>& but = {});

}  // namespace gradus::sweep
