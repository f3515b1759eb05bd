#include "experiments/records/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/log_contents.h"
#include "experiments/records/sealed.h"

namespace gradus::records {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& target, std::string_view why) {
  throw std::runtime_error(fmt::format("output {} {}", target.string(), why));
}

[[noreturn]] void refuse_existing(const fs::path& target) {
  refuse(target, "exists already: choose another --output or pass --overwrite");
}

fs::file_status status_of(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (status.type() == fs::file_type::none) throw SystemError(path, "cannot look at", error.value());
  return status;
}

// The file's text up to so many bytes, or nothing if it is not there. What cannot be read now says nothing about the
// folder: that is thrown.
std::string text_if_there(const fs::path& path, std::size_t most) {
  try {
    return read_beginning(path, most);
  } catch (const SystemError& error) {
    if (error.code == ENOENT) return {};
    throw;
  }
}

// Also with a config.json that is damaged or was not yet written: then the log begins with a configuration.
bool holds_a_run(const fs::path& folder) {
  try {
    const auto config = parse_json(text_if_there(folder / config_file, largest_sealed_file));
    if (config.contains("program") && config.contains("schema") && config.contains("options")) return true;
  } catch (const std::invalid_argument&) {
  }
  if (fs::is_empty(folder)) return true;
  const std::string log = text_if_there(folder / log_file, log_beginning);
  if (log.size() == log_beginning) return begins_a_log(log);
  // A run that was stopped before it could write more than this.
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename() != log_file) return false;
  return true;
}

bool is_busy(const fs::path& folder) {
  try {
    return is_running(folder);
  } catch (const SystemError& error) {
    if (error.code != ENOLCK) throw;
    refuse(folder,
           "is not overwritten: cannot tell whether its run has ended: the file system has no locks; choose another "
           "--output");
  }
}

void check_replaceable_folder(const fs::path& folder) {
  if (!fs::is_directory(status_of(folder))) refuse(folder, "is not a folder: it is not overwritten");
  if (!holds_a_run(folder)) refuse(folder, "does not look like a run's folder: it is not overwritten");
  if (is_busy(folder)) refuse(folder, "belongs to a run that is still running: it is not overwritten");
}

// The folders above may be missing; then the nearest that is there must allow to create them.
void check_folder_around(const fs::path& target) {
  fs::path folder = folder_of(target);
  while (!fs::exists(status_of(folder)) && folder.has_parent_path() && folder.parent_path() != folder)
    folder = folder.parent_path();
  if (!fs::exists(status_of(folder))) folder = ".";
  if (!fs::is_directory(folder)) refuse(target, fmt::format("cannot be created: {} is not a folder", folder.string()));
  if (::access(folder.c_str(), W_OK | X_OK) != 0) throw SystemError(target, "cannot create", errno);
}

// What somebody may still want, and has not asked to replace: a result that could not take its place, or was recovered.
bool holds_a_result(const fs::path& folder) {
  const Completion found = read_completion(folder);
  if (found.verdict == Verdict::unreadable || found.verdict == Verdict::other_schema) return true;
  if (found.verdict != Verdict::whole) return false;
  return is_result(text_member(found.record, "status")) || found.record.contains("recovered");
}

}  // namespace

fs::path Output::target_of(fs::path path) {
  while (path.has_parent_path() && path.has_relative_path() && (!path.has_filename() || path.filename() == "."))
    path = path.parent_path();
  return path == "." ? fs::path() : path;
}

bool Output::is_a_file(const fs::path& target) { return target.extension() == ".h5"; }

Output::Output(const fs::path& asked, bool overwrite)
    : target_(target_of(asked)), overwrite_(overwrite), is_file_(is_a_file(asked)) {
  if (target_.empty() || target_.filename() == "..")
    throw std::runtime_error(fmt::format("output {}: expected the name of a folder or file to create", asked.string()));
  const fs::file_status found = status_of(target_);
  if (is_file_ && fs::is_directory(found)) refuse(target_, "is a folder: expected the name of a file");
  if (fs::exists(found) && !overwrite) refuse_existing(target_);
  if (fs::exists(found) && !is_file_) check_replaceable_folder(target_);
  check_folder_around(target_);
}

Output Output::gone_on(const fs::path& asked, const fs::path& folder) {
  Output output;
  output.target_ = target_of(asked);
  output.folder_ = folder;
  output.is_file_ = is_a_file(asked);
  output.overwrite_ = output.is_hidden() && fs::exists(status_of(output.target_));
  return output;
}

fs::path Output::hidden(const fs::path& target, int number) {
  return hidden_beside(target, fmt::format(".run{}", number == 1 ? "" : std::to_string(number)));
}

const fs::path& Output::choose_folder() {
  if (!is_file_) finish_replacement(target_);
  if (!is_file_ && overwrite_ && fs::is_directory(status_of(target_)) && fs::is_empty(target_)) fs::remove(target_);
  const bool taken = fs::exists(status_of(target_));
  if (taken && !overwrite_) refuse_existing(target_);
  folder_ = target_;
  if (!is_file_ && !taken) return folder_;
  int number = 1;
  for (folder_ = hidden(target_, number); fs::exists(status_of(folder_)); folder_ = hidden(target_, ++number)) {
    if (is_busy(folder_)) refuse(target_, fmt::format("is being made by a run in {}", folder_.string()));
    std::error_code gone;
    if (!overwrite_ && (fs::is_empty(folder_, gone) || gone)) refuse_as_taken();
    if (!overwrite_)
      refuse(target_,
             fmt::format("was not finished: --resume goes on if the program keeps its state, build/bin/recover {} "
                         "makes it readable, --overwrite starts again",
                         folder_.string()));
  }
  return folder_;
}

void Output::refuse_as_taken() const {
  refuse(target_, "is being made by another run, or was left when one had just begun (then --overwrite starts again)");
}

void Output::remove_hidden() const {
  std::error_code ignored;  // the result is in its place
  if (is_file_) fs::remove_all(folder_, ignored);
  if (!overwrite_) return;
  ignored.clear();
  // Their numbers may have gaps: some have gone, or are still running.
  const std::string name = hidden(target_, 1).filename().string();
  std::vector<fs::path> found;
  fs::directory_iterator entry(folder_of(target_), ignored);
  for (const fs::directory_iterator end; !ignored && entry != end; entry.increment(ignored)) {
    const std::string other = entry->path().filename().string();
    if (other.starts_with(name) && other.find_first_not_of("0123456789", name.size()) == other.npos)
      found.push_back(entry->path());
  }
  for (const fs::path& folder : found) {
    try {
      if (!is_busy(folder) && !holds_a_result(folder)) fs::remove_all(folder, ignored);
    } catch (const std::exception&) {
    }
  }
}

bool Output::publish(bool whole) {
  if (folder_ == target_) return true;
  const fs::path finished = is_file_ ? folder_ / run_file : folder_;
  if (!rename_to_new(finished, target_)) {
    const bool taken = fs::exists(status_of(target_));
    if (taken && !overwrite_) refuse_existing(target_);
    if (taken && !whole) return false;
    if (taken && !is_file_) {
      check_replaceable_folder(target_);
      std::error_code ignored;  // the result is in its place
      fs::remove_all(replace_folder(folder_, target_), ignored);
    } else if (::rename(finished.c_str(), target_.c_str()) != 0) {
      throw SystemError(target_, "cannot replace", errno);
    }
  }
  sync_folder(folder_of(target_));
  remove_hidden();
  return true;
}

}  // namespace gradus::records
