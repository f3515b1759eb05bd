// What is named how in a sweep's folder, beside the runs' own folders; the headers named say what is in it.
#pragma once

namespace gradus::sweep {

// Sealed.
inline constexpr const char* asked_file = "asked.json";         // asked.h
inline constexpr const char* planned_file = "planned.json";     // planned.h
inline constexpr const char* stages_file = "stages.json";       // stages.h
inline constexpr const char* table_file = "sweep.json";         // table.h
inline constexpr const char* mixed_file = "mixed_builds.json";  // mixed_builds.h
inline constexpr const char* manifest_file = "manifest.json";   // integrity/manifest.h

inline constexpr const char* report_file = "report.html";    // the report's, when it is not told another place
inline constexpr const char* logs_folder = "logs";           // what each run printed: ID.log
inline constexpr const char* rebuild_suffix = ".rebuild";    // of a run's folder while its successor is made
inline constexpr const char* lock_file = ".lock";            // lock.h
inline constexpr const char* cancel_file = ".cancel";        // cancellation.h
inline constexpr const char* claims_folder = ".claims";      // claim.h; also of what is being written
inline constexpr const char* attempts_folder = ".attempts";  // claim.h
inline constexpr const char* programs_folder = ".programs";  // builds.h
inline constexpr const char* slurm_folder = ".slurm";        // slurm/job_arrays.h

}  // namespace gradus::sweep
