#include "experiments/lab/run_paths.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "experiments/lab/files.h"
#include "experiments/lab/options.h"
#include "experiments/lab/single_file.h"

namespace gradus::lab {
namespace {

namespace fs = std::filesystem;

// Without links, dots and a slash at the end, as far as the path exists.
fs::path resolved(const fs::path& path) {
  std::error_code error;
  const fs::path plain = fs::weakly_canonical(fs::absolute(path), error);
  const fs::path whole = error ? fs::absolute(path).lexically_normal() : plain;
  return whole.has_filename() ? whole : whole.parent_path();
}
// Where its name stands, which a link there does not change.
fs::path place_of(const fs::path& path) { return resolved(fs::absolute(path).parent_path()) / path.filename(); }

// Whether they are the same place, or `inner` is in the folder `outer`.
bool is_within(const fs::path& inner, const fs::path& outer) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

// The places that the output takes.
std::vector<fs::path> places_of_output(const std::string& output) {
  const fs::path target(output);
  std::vector<fs::path> places = {resolved(target)};
  if (target.has_filename()) places.push_back(place_of(target));
  if (SingleFile::is_meant_by(output)) places.push_back(place_of(SingleFile::folder_of(target)));
  return places;
}

constexpr const char* files_of_a_run[] = {"config.json", "metrics.log", "run.h5", "complete.json"};

bool is_name_of_a_run(const std::string& name) {
  return std::any_of(std::begin(files_of_a_run), std::end(files_of_a_run), [&](const char* known) {
    return name == known || name == new_version_of(known).filename();
  });
}

}  // namespace

void RunPaths::check(const std::string& output, bool overwrite) const {
  const std::vector<fs::path> taken = places_of_output(output);
  const bool in_folder = !SingleFile::is_meant_by(output);
  std::vector<std::pair<fs::path, std::string>> written;
  for (const auto& [option, path] : writes_) {
    const auto refuse = [&, &its_option = option, &its_path = path](const std::string& why) {
      throw UsageError(fmt::format("--{}={}: {}", its_option, its_path.string(), why));
    };
    std::error_code error;
    if (!path.has_filename() || fs::is_directory(path, error)) refuse("is a folder, expected the name of a file");
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    // The run's own folder is yet to be made, or made anew.
    const bool own = in_folder && resolved(folder) == taken[0];
    if (own && is_name_of_a_run(path.filename().string())) refuse("is a file of the run itself");
    if (!own && !fs::is_directory(folder, error)) refuse(fmt::format("there is no folder {}", folder.string()));
    if (!own && ::access(folder.c_str(), W_OK | X_OK) != 0)
      refuse(fmt::format("the folder {} may not be written to", folder.string()));
    // Beside the file itself, what it becomes it on the way.
    for (const fs::path& place : {place_of(path), resolved(path), place_of(new_version_of(path))}) {
      for (const fs::path& other : taken)
        if ((!own && is_within(place, other)) || is_within(other, place))
          refuse(fmt::format("is in the place of --output={}", output));
      for (const auto& [other, its_name] : written)
        if (place == other) refuse(fmt::format("is in the place of --{}", its_name));
    }
    for (const fs::path& place : {place_of(path), resolved(path), place_of(new_version_of(path))})
      written.emplace_back(place, option);
  }
  if (!overwrite) return;
  for (const auto& [option, path] : reads_)
    for (const fs::path& place : {place_of(path), resolved(path)})
      for (const fs::path& other : taken)
        if (is_within(place, other))
          throw UsageError(fmt::format("--{}={}: --output={} with --overwrite would replace it", option, path.string(),
                                       output));
}

}  // namespace gradus::lab
