// Unzipped copies of gzip IDX files, so that many short runs do not each unzip the same ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "experiments/lab/idx_file.h"

namespace gradus::lab {

// The folder of the copies: the one that the environment variable GRADUS_CACHE names, otherwise
// ${XDG_CACHE_HOME:-~/.cache}/gradus; nothing for GRADUS_CACHE=off, or where there is no home.
std::optional<std::filesystem::path> idx_cache_folder();

// A file as it is now: a copy that was made of another state of it is none of it.
struct FileState {
  std::filesystem::path path;          // absolute
  std::int64_t size = 0, changed = 0;  // bytes, and nanoseconds of the last change
  std::uint64_t inode = 0;
};
std::optional<FileState> state_of(const std::filesystem::path& path);

// What was left for a file in this state. One that is damaged or cannot be read is as good as none.
std::optional<IdxFile> cached_idx(const FileState& file);
// Leaves a copy, in place of one of another state of the file; not of a small file, and not where that cannot be
// written. Whoever deletes the folder loses nothing.
void cache_idx(const FileState& file, const IdxFile& contents);

}  // namespace gradus::lab
