// JSON files that tell when a byte of them has changed. The last member is "seal": the SHA-256 of the file's own bytes
// with these 64 digits replaced by zeros. The file ends with  "seal": "..."\n}\n, so that the digits are its bytes
// [-68, -4), in any language.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

#include "experiments/records/text.h"

namespace gradus::records {

// Messages are one printable line, whatever is in the file.

// A file that was read and is not what was written: its seal or digest does not hold, or it is no such file.
struct Damaged : std::runtime_error {
  explicit Damaged(std::string_view message) : std::runtime_error(one_line(message)) {}
};

// What is written; files are read from the oldest on.
inline constexpr int schema_version = 3, oldest_schema = 2;

// A whole file that another Gradus wrote: sealed with another schema's number, or, of the time before the seals,
// schema 1.
struct OtherSchema : std::runtime_error {
  explicit OtherSchema(std::string_view message) : std::runtime_error(one_line(message)) {}
};

inline constexpr std::size_t largest_sealed_file = 1 << 30;  // bytes: a sweep's files of 100,000 runs are 70 MB each

// The file's text for an object, which has no member "seal" of its own. Throws std::runtime_error where it would be
// larger than a reader takes.
std::string sealed_text(const nlohmann::json& object);

// The file's text, whose seal holds; what it says is not looked at. Throws Damaged, or SystemError (files.h) where the
// file cannot be read now.
std::string read_text_under_seal(const std::filesystem::path& path);

// Without the seal. Throws the same.
nlohmann::json read_sealed(const std::filesystem::path& path);

// The same, of an object with a schema that this Gradus reads. Throws OtherSchema too.
nlohmann::json read_current(const std::filesystem::path& path);

// The digits of the seal that a file ends with, unverified; empty where it ends otherwise or cannot be read.
std::string seal_at_end(const std::filesystem::path& path);

// JSON as text on one line. Bytes that are not UTF-8 are replaced; it never throws for them.
std::string json_text(const nlohmann::json& json);

// A member that is a text; empty where there is none.
std::string text_member(const nlohmann::json& object, const char* name);

// Parses a text of bounded nesting; throws std::invalid_argument with what is wrong, in one line.
nlohmann::json parse_json(std::string_view text);

}  // namespace gradus::records
