// Whether a run that was stopped goes on from its checkpoint.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "tools/sweep/inventory.h"
#include "tools/sweep/job.h"

namespace gradus::sweep {

// The step from which the run in this folder may go on for the combination: it is no result, is of the same
// configuration and, unless job.not_bitwise, of the same build, and has a checkpoint whose digest holds.
std::optional<std::int64_t> step_to_resume_from(const Job& job, const Combination& combination,
                                                const std::filesystem::path& folder, const RunRecord& record);

}  // namespace gradus::sweep
