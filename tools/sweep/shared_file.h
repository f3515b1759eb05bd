// Files of a sweep's folder that any of the sweeps at work in it may write.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "tools/sweep/layout.h"

namespace gradus::sweep {

// A name in OUTPUT/.claims that no other process uses, on whatever host. Throws records::SystemError.
std::filesystem::path own_file(const std::filesystem::path& output, std::string_view purpose);

// As records::write_file.
void write_shared(const std::filesystem::path& output, const std::filesystem::path& target, std::string_view contents);

// Removes what processes have left that were killed. For who is alone in the folder, and has just written its lock.
void remove_leftovers(const std::filesystem::path& output);

}  // namespace gradus::sweep
