// How long the sweep waits for programs. Tests make it shorter through the environment.
#pragma once

#include <chrono>

namespace gradus::sweep {

// GRADUS_SWEEP_PATIENCE (seconds, 10): until a program has answered --describe, and each line of --describe-runs.
// GRADUS_SWEEP_GRACE (seconds, 5): between SIGTERM and SIGKILL for runs of a sweep that was asked to end.
// GRADUS_SWEEP_CLAIM (seconds, 600): without a sign of life, after which another host's claim on a run is void, on a
// file system without locks (claim.h). GRADUS_SWEEP_PAUSE (seconds, 1): before the first retry of a run; twice as long
// before each that follows. GRADUS_SWEEP_SUGGESTION (seconds, 600): until a program that suggests settings has answered
// a line. GRADUS_SWEEP_POLL (seconds, 15): between two looks at Slurm's queue. GRADUS_SWEEP_OUTAGE (seconds, 86400):
// until Slurm's controller answers again. All throw records::UsageError for a value that is no number of seconds from
// 0.001 to 86400.
std::chrono::milliseconds answer_patience();
std::chrono::milliseconds ending_grace();
std::chrono::milliseconds claim_patience();
// Two heartbeats: without one of these another host is gone whose lock is free.
std::chrono::milliseconds silence_of_hosts();
std::chrono::milliseconds first_pause();
std::chrono::milliseconds suggestion_patience();
std::chrono::milliseconds queue_interval();
std::chrono::milliseconds slurm_patience();

}  // namespace gradus::sweep
