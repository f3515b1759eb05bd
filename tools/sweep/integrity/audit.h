// One run of a sweep, looked at afresh: every byte of what has ended.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tools/sweep/integrity/finding.h"
#include "tools/sweep/integrity/manifest.h"

namespace gradus::sweep {

// What is known of a run before it is looked at.
struct KnownRun {
  std::string id;
  const RunFiles* manifest = nullptr;  // none where it has no entry
  bool has_result = false;             // as sweep.json says
  bool has_failed = false;             // as its last claim says
  bool is_pruned = false;              // as sweep.json says
  bool is_at_work = false;             // somebody may write into its folder now
};

enum class AuditedState {
  result,        // completed or diverged
  failed,        // it left no result
  pruned,        // stopped early
  pending,       // it may have begun
  other_schema,  // of another Gradus: not looked at
  no_run         // nothing says that it is a run
};

struct RunAudit {
  AuditedState state = AuditedState::pending;
  std::vector<Finding> findings;
  bool is_covered = false;              // the manifest knows how it ended
  std::optional<RunFiles> now;          // of what has ended, without findings: what the manifest is to say of it
  std::uintmax_t files = 0, bytes = 0;  // that were read
};

// Never throws for what it finds.
RunAudit audit_run(const std::filesystem::path& output, const KnownRun& known);

}  // namespace gradus::sweep
