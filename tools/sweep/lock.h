// That sweeps are at work in a folder: any number of them share it (claim.h).
#pragma once

#include <filesystem>
#include <string>

#include "experiments/records/descriptor.h"

namespace gradus::sweep {

// A shared flock on OUTPUT/.lock, held as long as the object or a process that shares its descriptor lives. The kernel
// releases it when the last of them dies. Where the file system has no locks there is none, and nobody knows.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& output);  // throws records::SystemError
  int descriptor() const { return file_.get(); }
  // The same for all sweeps of which at least one was at work all the time; empty where there are no locks.
  const std::string& session() const { return session_; }
  // No other sweep is at work, nor a program of one. The lock may be lost by asking: for a sweep's end.
  bool is_last();

  static bool held(const std::filesystem::path& output);  // by anyone

 private:
  void begin_if_alone(const std::filesystem::path& path);
  bool share(const std::filesystem::path& path);

  records::Descriptor file_;
  std::string session_;
  bool has_begun_ = false;
};

}  // namespace gradus::sweep
