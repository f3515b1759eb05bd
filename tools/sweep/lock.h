// That sweeps are at work in a folder: any number of them share it (claim.h).
#pragma once

#include <filesystem>
#include <functional>
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
  // Does it if no other sweep is at work, nor a program of one; who begins meanwhile waits for its end.
  void if_last(const std::function<void()>& work);

  static bool held(const std::filesystem::path& output);  // by anyone

 private:
  void begin_if_alone();
  bool share();

  std::filesystem::path path_;
  records::Descriptor file_;
  std::string session_;
  bool has_begun_ = false;
};

}  // namespace gradus::sweep
