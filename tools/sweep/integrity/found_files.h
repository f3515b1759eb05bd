// Which files lie in a sweep's folder, and to what they belong.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "tools/sweep/integrity/manifest.h"

namespace gradus::sweep {

// By how the manifest names them: the path in the sweep's folder, as text of one line.
using FoundFiles = std::map<std::string, std::filesystem::path>;

// All regular files below a folder OUTPUT/NAME; none where there is no such folder. Throws records::SystemError.
FoundFiles files_below(const std::filesystem::path& output, const std::filesystem::path& name);

// A run's folder, its log, and, where it left no result, the claim that tells how it ended.
FoundFiles files_of_run(const std::filesystem::path& output, const std::string& id);

// What tells one end of a run from another: the seal of its complete.json and, where it left no result, number and
// seal of the last claim on it. Empty where it has not ended.
std::string ending_of(const std::filesystem::path& output, const std::string& id);

// Names of folders that may be runs'. Throws records::SystemError.
std::set<std::string> folders_in(const std::filesystem::path& output);

// Sealed files of the whole sweep, and the programs that it keeps.
FoundFiles files_of_sweep(const std::filesystem::path& output);

// Throws records::SystemError.
FileDigest digest_of(const std::filesystem::path& path);

}  // namespace gradus::sweep
