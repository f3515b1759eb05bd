#include "tools/sweep/mixed_builds.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiments/records/descriptor.h"
#include "experiments/records/sealed.h"
#include "tools/sweep/layout.h"
#include "tools/sweep/shared_file.h"
#include "tools/sweep/turn.h"

namespace gradus::sweep {

namespace fs = std::filesystem;

std::set<std::string> allowed_builds(const fs::path& output) {
  std::error_code none;
  if (!fs::exists(output / mixed_file, none)) return {};
  try {
    return records::read_current(output / mixed_file).at("builds").get<std::set<std::string>>();
  } catch (const std::exception&) {
    return {};  // the user is asked again
  }
}

void allow_builds(const fs::path& output, const std::set<std::string>& builds, const std::function<void()>& pause) {
  const Turn turn(output, mixed_file, pause);
  std::set<std::string> all = allowed_builds(output);
  if (std::includes(all.begin(), all.end(), builds.begin(), builds.end())) return;
  all.insert(builds.begin(), builds.end());
  write_shared(output, output / mixed_file,
               records::sealed_text({{"schema", records::schema_version}, {"builds", all}}));
}

void forget_allowed_builds(const fs::path& output, const std::function<void()>& pause) {
  const Turn turn(output, mixed_file, pause);
  std::error_code error;
  fs::remove(output / mixed_file, error);
  if (error) throw records::SystemError(output / mixed_file, "cannot be removed", error.value());
}

}  // namespace gradus::sweep
