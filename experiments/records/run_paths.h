// The paths that a run is given beside its output: refused before anything runs if they cannot be what they are for.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace gradus::records {

class RunPaths {
 public:
  // A file that the run reads, or writes at its end; `option` is how it was asked for, without the dashes. An empty
  // path is none.
  void reads(std::string option, const std::string& path) { add(reads_, std::move(option), path); }
  void writes(std::string option, const std::string& path) { add(writes_, std::move(option), path); }

  // Throws UsageError, in one line, for a file to write that is a folder, lies in a folder that does not exist or may
  // not be written to, or has the place of the output, of what the output needs on the way, or of another file to
  // write; and for a file to read that the output would replace. A file to write may lie in the run's own folder, if
  // that is not one to be replaced.
  void check(const std::string& output, bool overwrite) const;

 private:
  struct Named {
    std::string option;
    std::filesystem::path path;
  };
  static void add(std::vector<Named>& list, std::string option, const std::string& path) {
    if (!path.empty()) list.push_back({std::move(option), path});
  }
  std::vector<Named> reads_, writes_;
};

}  // namespace gradus::records
