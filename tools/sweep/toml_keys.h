// What a text in TOML may not have, looked at before it is parsed: tables in tables without end, which no stack holds.
#pragma once

#include <filesystem>
#include <string_view>

namespace gradus::sweep {

// Throws UsageError, with the file and the line, for a key of more parts than any of a specification has.
void check_keys(std::string_view text, const std::filesystem::path& path);

}  // namespace gradus::sweep
