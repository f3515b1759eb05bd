// The files in a run's folder from which it goes on, by name and number; what is in them: lab/checkpoint.h.
//   checkpoint.0, checkpoint.1   two generations: the older one is replaced, as a whole, by the next
//   checkpoint.at.STEP           kept, of steps that --checkpoint-at names
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace gradus::records {

struct CheckpointFile {
  std::filesystem::path path;
  std::int64_t step = 0;  // steps taken before it
};

struct CheckpointFiles {
  std::vector<CheckpointFile> whole;  // whose digest holds, the latest step first
  std::vector<std::string> problems;  // a line for each that is not
};

CheckpointFiles checkpoints_in(const std::filesystem::path& folder);
// The step of the latest from which the run goes on; none if there is none.
std::optional<std::int64_t> checkpoint_step(const std::filesystem::path& folder);

// Where the next generation goes: in place of the older one, or of what is not whole.
std::filesystem::path next_generation(const std::filesystem::path& folder);
std::filesystem::path other_generation(const std::filesystem::path& generation);
std::filesystem::path kept_checkpoint(const std::filesystem::path& folder, std::int64_t step);
// Both, where they are no longer needed.
void remove_generations(const std::filesystem::path& folder);

// What the block of such a file says.
std::string checkpoint_label(std::int64_t step);

}  // namespace gradus::records
