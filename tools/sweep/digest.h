// SHA-256 of texts and files, as lower-case hexadecimal.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace gradus::sweep {

std::string sha256(std::string_view text);

// Throws std::runtime_error with the path when the file cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace gradus::sweep
