// One sweep at a time in a folder.
#pragma once

#include <filesystem>

#include "tools/sweep/signals.h"

namespace gradus::sweep {

// An exclusive flock on OUTPUT/.lock, held as long as the object or a process that shares its descriptor lives. The
// kernel releases it when the last of them dies.
class FolderLock {
 public:
  // Waits a little for the programs of a sweep that was killed. Throws std::runtime_error when another sweep is at
  // work.
  FolderLock(const std::filesystem::path& output, Signals& signals);
  int descriptor() const { return file_.get(); }
  // No program of another sweep is at work in the folder; false where the file system has no locks, and nobody knows.
  bool is_exclusive() const { return exclusive_; }

  static bool held(const std::filesystem::path& output);  // by anyone

 private:
  records::Descriptor file_;
  bool exclusive_ = true;
};

}  // namespace gradus::sweep
