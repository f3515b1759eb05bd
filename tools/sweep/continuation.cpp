#include "tools/sweep/continuation.h"

#include "experiments/records/checkpoint.h"

namespace gradus::sweep {

std::optional<std::int64_t> step_to_resume_from(const Job& job, const Combination& combination,
                                                const std::filesystem::path& folder, const RunRecord& record) {
  if (!job.resume || record.is_result()) return std::nullopt;
  if (record.verdict != records::Verdict::none && record.verdict != records::Verdict::whole) return std::nullopt;
  const auto differ = [](const std::string& a, const std::string& b) { return !a.empty() && !b.empty() && a != b; };
  if (differ(record.config_hash, combination.config_hash)) return std::nullopt;
  if (job.told_build && !job.not_bitwise && differ(record.build, job.build)) return std::nullopt;
  return records::checkpoint_step(folder);
}

}  // namespace gradus::sweep
