// Whether a run that was stopped goes on from its checkpoint.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "tools/sweep/inventory.h"
#include "tools/sweep/job.h"

namespace gradus::sweep {

// Whether another build wrote the record, as far as both tell theirs.
bool is_of_other_build(const Job& job, const RunRecord& record);

// The step of the checkpoint that the run in this folder keeps for the combination: it is no result, is of the same
// configuration, and the checkpoint's digest holds.
std::optional<std::int64_t> step_kept(const Job& job, const Combination& combination,
                                      const std::filesystem::path& folder, const RunRecord& record);

// The step from which it goes on: that one, unless it is of another build and the job is not for runs that go on so.
std::optional<std::int64_t> step_to_resume_from(const Job& job, const Combination& combination,
                                                const std::filesystem::path& folder, const RunRecord& record);

}  // namespace gradus::sweep
