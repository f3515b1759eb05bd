// A run whose output is one file: it works in a hidden folder beside that file, like any other run, and leaves the
// file.
#pragma once

#include <filesystem>
#include <string>

namespace gradus::lab {

// Of "results/r.h5" the folder is "results/.r.h5.run". After a kill it remains, for build/bin/recover.
class SingleFile {
 public:
  // Whether an output of this name is meant to be one file: it ends in ".h5".
  static bool is_meant_by(const std::string& output);
  // The hidden folder beside the file.
  static std::filesystem::path folder_of(const std::filesystem::path& target);

  // Throws std::runtime_error if the file exists, unless it may be overwritten; a folder never is.
  SingleFile(const std::filesystem::path& target, bool overwrite);

  const std::filesystem::path& folder() const { return folder_; }
  // Moves the finished run.h5 to its place in one step and removes the folder. A file that has come up there meanwhile
  // is replaced only if it may be: otherwise throws std::runtime_error, and the folder remains.
  void publish() const;

 private:
  std::filesystem::path target_, folder_;
  bool overwrite_;
};

}  // namespace gradus::lab
