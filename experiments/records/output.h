// Where a run's results come to lie, and where it works meanwhile. What lies there already stays until its successor is
// whole.
#pragma once

#include <filesystem>
#include <string>

namespace gradus::records {

// A run works in its folder, or, where the output is one file or replaces something, in a hidden folder beside it:
// "results/.r.h5.run" of "results/r.h5". That folder remains after a kill, for build/bin/recover, and after a run that
// failed or was stopped where it would have replaced an earlier result.
class Output {
 public:
  // Whether an output of this name is meant to be one file: it ends in ".h5".
  static bool is_a_file(const std::filesystem::path& target);
  // What is named: "a/b/" and "a/b/." name b in a. Empty where nothing is.
  static std::filesystem::path target_of(std::filesystem::path asked);

  // Looks, and creates nothing. Throws std::runtime_error if something is there already, unless it may be overwritten:
  // a file by a file, and by a folder what is empty or a run's folder; nothing of a run that is still running. Also if
  // the folder around it is none, or may not be written to.
  Output(const std::filesystem::path& target, bool overwrite);

  // The hidden folder of the n-th try, from 1.
  static std::filesystem::path hidden(const std::filesystem::path& target, int number);
  // Of a run that goes on in the folder where it worked; beside what was there before, it replaces that.
  static Output gone_on(const std::filesystem::path& target, const std::filesystem::path& folder);

  // Chooses the folder to work in, which does not exist. Where a result may be overwritten, what earlier tries left
  // there is passed by.
  const std::filesystem::path& choose_folder();
  const std::filesystem::path& folder() const { return folder_; }
  bool is_hidden() const { return folder_ != target_; }
  // Another process has just claimed the folder that was chosen: throws std::runtime_error.
  [[noreturn]] void refuse_as_taken() const;

  // Moves the results to their place in one step. What has come up there is replaced only if it may be overwritten and
  // `whole` says that the run came to its end; what earlier tries left in hidden folders then goes as well, but for
  // what was recovered or came to its end. Returns whether the results are in place; otherwise they remain in folder().
  // Throws std::runtime_error if something came up that may not be overwritten.
  bool publish(bool whole);

 private:
  Output() = default;
  void remove_hidden() const;

  std::filesystem::path target_, folder_;
  bool overwrite_ = false, is_file_ = false;
};

}  // namespace gradus::records
