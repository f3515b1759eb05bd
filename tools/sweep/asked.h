// What `sweep run` was asked, kept in the sweep's folder, so that the folder alone is enough to go on.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace gradus::sweep {

inline constexpr const char* asked_file = "asked.json";

// OUTPUT/asked.json, sealed.
struct Asked {
  std::filesystem::path directory;     // from which paths in the arguments count
  std::vector<std::string> arguments;  // of `sweep run`, with what stands after `--`
  std::string file;                    // the text of the specification, if a file was named

  // Throws UsageError where there is none, records::Damaged where it is not what was written, records::OtherSchema and
  // records::SystemError.
  static Asked read(const std::filesystem::path& output);
  void write(const std::filesystem::path& output) const;  // throws records::SystemError
  std::string text() const;                               // of the file
};

}  // namespace gradus::sweep
