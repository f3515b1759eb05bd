#include "tools/sweep/continuation.h"

#include "experiments/records/checkpoint.h"

namespace gradus::sweep {

namespace {

bool differ(const std::string& a, const std::string& b) { return !a.empty() && !b.empty() && a != b; }

}  // namespace

bool is_of_other_build(const Job& job, const RunRecord& record) {
  return job.told_build && differ(record.build, job.build);
}

std::optional<std::int64_t> step_kept(const Job& job, const Combination& combination,
                                      const std::filesystem::path& folder, const RunRecord& record) {
  if (!job.resume || record.is_result()) return std::nullopt;
  if (record.verdict != records::Verdict::none && record.verdict != records::Verdict::whole) return std::nullopt;
  if (differ(record.config_hash, combination.config_hash)) return std::nullopt;
  return records::checkpoint_step(folder);
}

std::optional<std::int64_t> step_to_resume_from(const Job& job, const Combination& combination,
                                                const std::filesystem::path& folder, const RunRecord& record) {
  if (!job.not_bitwise && is_of_other_build(job, record)) return std::nullopt;
  return step_kept(job, combination, folder, record);
}

}  // namespace gradus::sweep
