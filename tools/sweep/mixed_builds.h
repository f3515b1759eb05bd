// Builds of a program whose runs a user has let lie beside one another in a sweep's folder (--allow-mixed-builds): what
// is done there later need not be told so again, as long as no further build joins them.
#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>

namespace gradus::sweep {

// SHA-256 of each, by OUTPUT/mixed_builds.json; none where there is no such file, or none that is whole.
std::set<std::string> allowed_builds(const std::filesystem::path& output);
// Adds them to what others add meanwhile; `pause` is called while they are at it and may throw. Throws
// records::SystemError.
void allow_builds(const std::filesystem::path& output, const std::set<std::string>& builds,
                  const std::function<void()>& pause);
// From now on none is allowed. `pause` as above. Throws records::SystemError.
void forget_allowed_builds(const std::filesystem::path& output, const std::function<void()>& pause);

}  // namespace gradus::sweep
