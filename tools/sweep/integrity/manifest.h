// OUTPUT/manifest.json: what lies in a sweep's folder of the runs that have ended, size and SHA-256 of each file.
// Sealed. It vouches for what has no digest of its own, such as what a program printed, and for what is to be there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace gradus::sweep {

inline constexpr const char* manifest_file = "manifest.json";

struct FileDigest {
  std::uintmax_t size = 0;
  std::string sha256;
  friend bool operator==(const FileDigest&, const FileDigest&) = default;
};

// Of one run, as it ended.
struct RunFiles {
  std::string ending;  // which one that was (ending_of): a run that ended otherwise since is another matter
  std::string status;  // as complete.json says; empty where there is none
  std::map<std::string, FileDigest> files;  // by their paths in the sweep's folder
  friend bool operator==(const RunFiles&, const RunFiles&) = default;
};

struct Manifest {
  std::map<std::string, RunFiles> runs;  // by id
  std::set<std::string> others;          // files that are sealed, or lie in a folder of their digest's name

  // None where there is no such file. Throws records::Damaged, records::OtherSchema, records::SystemError.
  static std::optional<Manifest> read(const std::filesystem::path& output);
  // Replaces it as a whole. Throws records::SystemError.
  void write(const std::filesystem::path& output) const;

  const RunFiles* find(const std::string& id) const;
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

}  // namespace gradus::sweep
