// The frame of a state file: a block of 512 bytes with the SHA-256 of everything else, and behind it an HDF5 file,
// which HDF5 readers find by themselves (a "user block"). A damaged file is refused before anybody looks into it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace gradus::records {

struct StateImage {
  std::string label;     // one line, in the block: what is known without HDF5
  std::string contents;  // an HDF5 file
};

// The label may have 200 bytes. Throws std::invalid_argument for another one.
std::string framed(const StateImage& image);
// Throws std::runtime_error with the path for a file that is not framed so, or damaged, and SystemError for one that
// cannot be read.
StateImage read_state_image(const std::filesystem::path& path);
// Whether there is a file that begins as a state file does.
bool is_state_file(const std::filesystem::path& path);

}  // namespace gradus::records
