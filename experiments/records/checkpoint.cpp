#include "experiments/records/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "experiments/records/state_image.h"
#include "settings/parse.h"

namespace gradus::records {
namespace {

namespace fs = std::filesystem;

constexpr std::array generations = {"checkpoint.0", "checkpoint.1"};
constexpr std::string_view kept = "checkpoint.at.", label_begin = "checkpoint at step ";

CheckpointFile read_checkpoint(const fs::path& path) {
  const std::string label = read_state_image(path).label;
  const auto step = label.starts_with(label_begin)
                        ? settings::number_in<std::int64_t>(std::string_view(label).substr(label_begin.size()))
                        : std::nullopt;
  if (!step) throw std::runtime_error(fmt::format("{}: is no checkpoint of a run", path.string()));
  return {path, *step};
}

}  // namespace

CheckpointFiles checkpoints_in(const fs::path& folder) {
  CheckpointFiles found;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (std::find(generations.begin(), generations.end(), name) == generations.end() && !name.starts_with(kept))
      continue;
    try {
      found.whole.push_back(read_checkpoint(entry->path()));
    } catch (const std::exception& problem) {
      found.problems.emplace_back(problem.what());
    }
  }
  const auto is_later = [](const CheckpointFile& a, const CheckpointFile& b) {
    return a.step != b.step ? a.step > b.step : a.path < b.path;
  };
  std::sort(found.whole.begin(), found.whole.end(), is_later);
  std::sort(found.problems.begin(), found.problems.end());
  return found;
}

std::optional<std::int64_t> checkpoint_step(const fs::path& folder) {
  const CheckpointFiles found = checkpoints_in(folder);
  if (found.whole.empty()) return std::nullopt;
  return found.whole.front().step;
}

fs::path next_generation(const fs::path& folder) {
  std::int64_t earliest = std::numeric_limits<std::int64_t>::max();
  fs::path chosen;
  for (const char* name : generations) {
    std::int64_t step = -1;
    try {
      step = read_checkpoint(folder / name).step;
    } catch (const std::exception&) {
    }
    if (step >= earliest) continue;
    earliest = step;
    chosen = folder / name;
  }
  return chosen;
}

fs::path other_generation(const fs::path& generation) {
  const bool is_first = generation.filename() == generations[0];
  return generation.parent_path() / generations[is_first ? 1 : 0];
}

fs::path kept_checkpoint(const fs::path& folder, std::int64_t step) { return folder / fmt::format("{}{}", kept, step); }

void remove_generations(const fs::path& folder) {
  std::error_code ignored;
  for (const char* name : generations) fs::remove(folder / name, ignored);
}

std::string checkpoint_label(std::int64_t step) { return fmt::format("{}{}", label_begin, step); }

}  // namespace gradus::records
