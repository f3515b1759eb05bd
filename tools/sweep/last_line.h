// What a program says last is why it failed.
#pragma once

#include <filesystem>
#include <string>

namespace gradus::sweep {

// The log's last line with anything on it, printable and short; empty where there is none.
std::string last_line(const std::filesystem::path& log);

}  // namespace gradus::sweep
