// The runs of a plan by job arrays of Slurm's: this process submits, waits, and submits again what got lost; each task
// is one more sweep in the folder (slurm-task), on its node. What has become of a run its folder tells, nothing else.
#pragma once

#include "tools/sweep/runner.h"

namespace gradus::sweep {

// As run_plan. Interrupted by a signal, it leaves its jobs in the queue; asked to end (cancellation.h), it takes them
// out. Throws SlurmTrouble (slurm.h) for what Slurm refuses.
Outcome run_on_slurm(const Job& job, const SweepPlan& plan, const Inventory& inventory,
                     const std::filesystem::path& executable, const Surroundings& surroundings);

}  // namespace gradus::sweep
