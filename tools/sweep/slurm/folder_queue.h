// What a sweep's folder has in Slurm's queue, for who does not wait for it.
#pragma once

#include <filesystem>
#include <vector>

#include "tools/sweep/slurm/slurm.h"

namespace gradus::sweep {

// Nobody is asked where the folder has given nothing to Slurm. Throw as Slurm (slurm.h), and records::Damaged.
std::vector<QueuedTasks> queued_tasks(const std::filesystem::path& output);
// Takes all out of the queue, and waits until they are gone. A controller that does not answer is asked again. Returns
// whether there were any.
bool cancel_tasks(const std::filesystem::path& output);

}  // namespace gradus::sweep
