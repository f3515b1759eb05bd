#include "experiments/records/run_paths.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/output.h"
#include "experiments/records/program.h"

namespace gradus::records {
namespace {

namespace fs = std::filesystem;

// Without links, dots and a slash at the end, as far as the path exists.
fs::path resolved(const fs::path& path) {
  std::error_code error;
  const fs::path plain = fs::weakly_canonical(fs::absolute(path), error);
  const fs::path whole = error ? fs::absolute(path).lexically_normal() : plain;
  return whole.has_filename() ? whole : whole.parent_path();
}
// Where its name stands, whatever that may be a link to.
fs::path place_of(const fs::path& path) {
  const fs::path whole = fs::absolute(path);
  return whole.has_filename() ? resolved(whole.parent_path()) / whole.filename() : resolved(whole);
}

// Whether they are the same place, or `inner` is in the folder `outer`.
bool is_within(const fs::path& inner, const fs::path& outer) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

// The places that the output takes.
class Taken {
 public:
  Taken(const std::string& output, bool overwrite)
      : places_{resolved(output), place_of(Output::target_of(output))},
        // A folder that is overwritten goes as a whole at the end, with whatever has been written into it.
        own_(Output::is_a_file(output) || overwrite ? fs::path() : places_[0]) {
    hidden_ = hidden_beside(places_[1], ".run");
  }
  // The run's folder, in which others may write too, if they leave its own files alone.
  bool is_own(const fs::path& folder) const { return !own_.empty() && resolved(folder) == own_; }
  bool has(const fs::path& place) const {
    const auto inside = [&](const fs::path& other) { return is_within(place, other); };
    if (std::any_of(places_.begin(), places_.end(), inside)) return !is_own(place.parent_path());
    // Also ".NAME.run2" and so on.
    for (fs::path at = place; at.has_relative_path(); at = at.parent_path())
      if (at.parent_path() == hidden_.parent_path() && at.filename().string().starts_with(hidden_.filename().string()))
        return true;
    return false;
  }
  // Whether a part of the output's path would have to be a folder where `place` is a file.
  bool is_below(const fs::path& place) const {
    return std::any_of(places_.begin(), places_.end(), [&](const fs::path& one) { return is_within(one, place); });
  }

 private:
  std::vector<fs::path> places_;
  fs::path own_, hidden_;
};

bool is_name_of_a_run(const fs::path& name) {
  for (const char* known : {config_file, log_file, run_file, completion_file})
    if (name == known || name == new_version_of(known).filename()) return true;
  return false;
}

}  // namespace

void RunPaths::check(const std::string& output, bool overwrite) const {
  const Taken taken(output, overwrite);
  std::vector<std::pair<fs::path, std::string>> written;
  for (const Named& file : writes_) {
    const auto refuse = [&](const std::string& why) {
      throw UsageError(fmt::format("--{}={}: {}", file.option, file.path.string(), why));
    };
    std::error_code error;
    const fs::path& path = file.path;
    if (!path.has_filename() || fs::is_directory(path, error)) refuse("is a folder, expected the name of a file");
    const fs::path folder = folder_of(path);
    const bool own = taken.is_own(folder);
    if (own && is_name_of_a_run(path.filename())) refuse("is a file of the run itself");
    if (!own && !fs::is_directory(folder, error)) refuse(fmt::format("there is no folder {}", folder.string()));
    if (!own && ::access(folder.c_str(), W_OK | X_OK) != 0)
      refuse(fmt::format("the folder {} may not be written to", folder.string()));
    // Beside the file itself, what becomes it on the way.
    const fs::path places[] = {place_of(path), resolved(path), place_of(new_version_of(path))};
    for (const fs::path& place : places) {
      if (taken.has(place) || taken.is_below(place)) refuse(fmt::format("is in the place of --output={}", output));
      for (const auto& [other, option] : written)
        if (place == other) refuse(fmt::format("is in the place of --{}", option));
    }
    for (const fs::path& place : places) written.emplace_back(place, file.option);
  }
  if (!overwrite) return;
  for (const Named& file : reads_)
    if (taken.has(place_of(file.path)) || taken.has(resolved(file.path)))
      throw UsageError(fmt::format("--{}={}: --output={} with --overwrite would replace it", file.option,
                                   file.path.string(), output));
}

}  // namespace gradus::records
