// Which files lie in a sweep's folder, and to what they belong.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "tools/sweep/integrity/manifest.h"

namespace gradus::sweep {

// By how the manifest names them: the path in the sweep's folder, as text of one line.
using FoundFiles = std::map<std::string, std::filesystem::path>;

// All regular files below a folder OUTPUT/NAME; none where there is no such folder. Throws records::SystemError.
FoundFiles files_below(const std::filesystem::path& output, const std::filesystem::path& name);

// A run's folder, its log, and, where it left no result, the claim that tells how it ended.
FoundFiles files_of_run(const std::filesystem::path& output, const std::string& id,
                        std::optional<std::int64_t> failed_claim);

// Names of folders that may be runs'. Throws records::SystemError.
std::set<std::string> folders_in(const std::filesystem::path& output);

// Sealed files of the whole sweep, and the programs that it keeps.
FoundFiles files_of_sweep(const std::filesystem::path& output);

// The number of the last claim on a run; none where there is none.
std::optional<std::int64_t> last_claim(const std::filesystem::path& output, const std::string& id);
// What the manifest calls the ending of a run that left no result, by its last claim; empty where there is none.
std::string failed_ending(std::optional<std::int64_t> claim);

// Throws records::SystemError.
FileDigest digest_of(const std::filesystem::path& path);

}  // namespace gradus::sweep
