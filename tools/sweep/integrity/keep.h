// The manifest as runs end.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace gradus::sweep {

// Brings OUTPUT/manifest.json up to what has ended since it was written: of a run that it knows, nothing is read again
// but the seal. A run enters it whole or not at all. Returns a line for each that cannot, and where it was damaged.
// `pause` is called in between and may throw. Throws records::SystemError.
std::vector<std::string> keep_manifest(const std::filesystem::path& output, const std::function<void()>& pause);

}  // namespace gradus::sweep
