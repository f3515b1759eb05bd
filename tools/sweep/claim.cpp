#include "tools/sweep/claim.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "experiments/records/files.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"
#include "experiments/records/whole_number.h"
#include "settings/parse.h"
#include "tools/sweep/patience.h"
#include "tools/sweep/place.h"
#include "tools/sweep/shared_file.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::size_t largest_claim = 1 << 16;  // bytes

// As a claim's file has it; there is one after it.
std::optional<std::int64_t> claim_number(const std::string& name) {
  const auto number = settings::number_in<std::int64_t>(name);
  const bool is_one = number && *number > 0 && *number < std::numeric_limits<std::int64_t>::max();
  return is_one && fmt::to_string(*number) == name ? number : std::nullopt;
}

std::vector<std::int64_t> numbers_in(const fs::path& folder) {
  std::vector<std::int64_t> numbers;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error))
    if (const auto number = claim_number(entry->path().filename().string())) numbers.push_back(*number);
  if (error && error != std::errc::no_such_file_or_directory)
    throw records::SystemError(folder, "cannot be listed", error.value());
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

void write_all(int file, const std::string& text, const fs::path& path) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t written = ::write(file, text.data() + done, text.size() - done);
    if (written < 0 && errno != EINTR) throw records::SystemError(path, "cannot be written", errno);
    if (written > 0) done += static_cast<std::size_t>(written);
  }
}

std::optional<Failure> failure_in(const json& claim) {
  if (!claim.contains("ended")) return std::nullopt;
  return Failure{claim["ended"].value("code", 1), records::text_member(claim["ended"], "reason")};
}

// What a claim says: an object whose members are of their types; null where it cannot be read or is none.
json read_claim(const fs::path& path) {
  try {
    json claim = records::parse_json(records::read_file(path, largest_claim));
    records::whole_number<std::int64_t>(claim, "process", 0);
    if (claim.contains("ended")) records::whole_number<int>(claim["ended"], "code", 1);
    if (!claim.value("locked", json(false)).is_boolean()) return {};
    return claim;
  } catch (const std::exception&) {
    return {};
  }
}

std::string owner_text(const json& claim) {
  if (claim.is_null()) return "another sweep";
  return fmt::format("process {} on {}", claim.value("process", std::int64_t{0}),
                     records::printable(records::text_member(claim, "host")));
}

// Which file has a name, and when it was changed last.
struct Mark {
  dev_t device;
  ino_t inode;
  std::chrono::nanoseconds changed;
  bool operator==(const Mark&) const = default;
};

Mark mark_of(const fs::path& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) throw records::SystemError(path, "cannot be looked at", errno);
  return {file.st_dev, file.st_ino,
          std::chrono::seconds(file.st_mtim.tv_sec) + std::chrono::nanoseconds(file.st_mtim.tv_nsec)};
}

bool is_of_another_host(const json& claim) {
  if (claim.is_null()) return false;
  const json here = place_of_processes();
  return records::text_member(claim, "host") != here.at("host") ||
         records::text_member(claim, "boot") != here.at("boot");
}

// Whether nobody works on a run any more whose latest claim this is. `has_locks`: whether this process gets locks here;
// `now`: as the file system has it.
bool is_over(const fs::path& path, const json& claim, bool has_locks, std::chrono::nanoseconds now) {
  if (!claim.is_null() && failure_in(claim)) return true;
  bool was_locked = claim.is_null() || claim.value("locked", false);
  if (has_locks) {
    const records::Descriptor file = records::open_to_lock(path);
    const records::Lock lock = records::try_lock(file.get(), path);
    if (lock == records::Lock::others) return false;
    // What was claimed without locks is held by none.
    if (lock == records::Lock::mine && was_locked)
      return !is_of_another_host(claim) || now - mark_of(path).changed >= silence_of_hosts();
    has_locks = lock != records::Lock::none;
  }
  const json here = place_of_processes();
  const bool same = std::all_of(here.items().begin(), here.items().end(), [&](const auto& item) {
    return !claim.is_null() && records::text_member(claim, item.key().c_str()) == item.value();
  });
  if (same) return beginning_of(claim.value("process", std::int64_t{0})) != records::text_member(claim, "began");
  // What says nothing, as after a crash of its host, is judged by its age.
  if (claim.is_null()) was_locked = has_locks;
  // Who had a lock and is out of sight may be alive and write into the run's own folder.
  return !was_locked && now - mark_of(path).changed >= claim_patience();
}

// Whether numbers were given back and taken again while `own` was taken: there is another than `before`, or the last of
// these is not the file that it was.
bool is_crowded(const fs::path& folder, std::int64_t own, const std::vector<std::int64_t>& before,
                const std::optional<Mark>& last) {
  for (const std::int64_t number : numbers_in(folder)) {
    if (number == own) continue;
    if (std::find(before.begin(), before.end(), number) == before.end()) return true;
    try {
      if (number == before.back() && mark_of(folder / fmt::to_string(number)) != last) return true;
    } catch (const records::SystemError& error) {
      if (error.code != ENOENT) throw;
    }
  }
  return false;
}

// Of each run that has any: its id, and the file.
std::map<std::string, fs::path> latest_claims(const fs::path& folder) {
  std::map<std::string, fs::path> latest;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with('.')) continue;
    if (const auto numbers = numbers_in(entry->path()); !numbers.empty())
      latest.emplace(name, entry->path() / fmt::to_string(numbers.back()));
  }
  if (error && error != std::errc::no_such_file_or_directory)
    throw records::SystemError(folder, "cannot be listed", error.value());
  return latest;
}

}  // namespace

bool Claim::beat() {
  struct stat file {};
  if (::futimens(file_.get(), nullptr) != 0 || ::fstat(file_.get(), &file) != 0) return true;  // nothing is known
  if (file.st_nlink == 0) return false;
  try {
    const std::vector<std::int64_t> numbers = numbers_in(folder_);
    return !numbers.empty() && numbers.back() == number_;
  } catch (const records::SystemError&) {
    return true;
  }
}

bool Claim::is_there() const {
  struct stat own {
  }, there{};
  return ::fstat(file_.get(), &own) == 0 && ::stat((folder_ / fmt::to_string(number_)).c_str(), &there) == 0 &&
         own.st_dev == there.st_dev && own.st_ino == there.st_ino;
}

void Claim::release() {
  if (!is_there()) return file_.close();  // taken for dead, and the number may be another's
  // The lowest first: as long as one is there, who wants the run sees that somebody had it.
  try {
    for (const std::int64_t number : numbers_in(folder_))
      if (number <= number_) ::unlink((folder_ / fmt::to_string(number)).c_str());
  } catch (const records::SystemError&) {
    ::unlink((folder_ / fmt::to_string(number_)).c_str());
  }
  ::rmdir(folder_.c_str());  // others may have one there
  file_.close();
}

void Claim::fail(const Failure& failure) {
  if (!is_there()) return file_.close();
  json claim = records::parse_json(text_);
  claim["ended"] = {{"code", failure.code}, {"reason", records::printable(failure.reason)}};
  try {
    write_shared(folder_.parent_path().parent_path(), folder_ / fmt::to_string(number_), records::sealed_text(claim));
    for (const std::int64_t number : numbers_in(folder_))
      if (number < number_) ::unlink((folder_ / fmt::to_string(number)).c_str());
  } catch (const std::exception&) {
    // Who comes next finds an owner that is gone.
  }
  file_.close();
}

Claims::Claims(const fs::path& output, std::string session)
    : folder_(fs::absolute(output) / claims_folder), session_(std::move(session)) {
  json self = place_of_processes();
  self["process"] = static_cast<std::int64_t>(::getpid());
  self["began"] = beginning_of(::getpid());
  self["session"] = session_;
  text_ = records::json_text(self);
  mine_ = own_file(output, "claim");
  for (const auto& [id, path] : latest_claims(folder_))
    earlier_[id] = *settings::number_in<std::int64_t>(path.filename().string());
}

std::variant<Claim, Busy, Failure> Claims::take(const std::string& id) {
  const fs::path folder = folder_ / id;
  const std::vector<std::int64_t> before = numbers_in(folder);
  const std::int64_t last = before.empty() ? 0 : before.back();
  // A new one is written and locked before anybody sees it.
  ::unlink(mine_.c_str());
  records::Descriptor file(mine_, O_RDWR | O_CREAT | O_EXCL, 0644);
  bool locks = records::try_lock(file.get(), mine_) == records::Lock::mine;
  const fs::path before_path = folder / fmt::to_string(last);
  std::optional<Mark> mark;
  if (last > 0) try {
      mark = mark_of(before_path);
      const json latest = read_claim(before_path);
      if (auto failure = recent_failure(id, last, latest)) return std::move(*failure);
      if (!is_over(before_path, latest, locks, mark_of(mine_).changed)) return Busy{owner_text(latest)};
      if (is_of_another_host(latest) && !failure_in(latest)) locks = false;  // its owner may be alive
    } catch (const records::SystemError& error) {
      if (error.code != ENOENT) throw;
      return Busy{"another sweep"};  // its claim has just gone: another time
    }
  json claim = records::parse_json(text_);
  claim["locked"] = locks;
  std::string text = records::json_text(claim);
  write_all(file.get(), text + "\n", mine_);
  const fs::path path = folder / fmt::to_string(last + 1);
  ::mkdir(folder.c_str(), 0777);
  if (::link(mine_.c_str(), path.c_str()) != 0) {
    if (errno == EEXIST || errno == ENOENT) return Busy{"another sweep"};
    throw records::SystemError(path, "cannot be claimed", errno);
  }
  ::unlink(mine_.c_str());
  Claim own(folder, id, last + 1, std::move(file), locks, std::move(text));
  if (is_crowded(folder, last + 1, before, mark)) {
    ::unlink(path.c_str());
    return Busy{"another sweep"};
  }
  return own;
}

std::optional<Failure> Claims::recent_failure(const std::string& id, std::int64_t number, const json& claim) const {
  auto failure = claim.is_null() ? std::nullopt : failure_in(claim);
  const auto known = earlier_.find(id);
  const bool joint = failure && !session_.empty() && records::text_member(claim, "session") == session_;
  return known == earlier_.end() || known->second < number || joint ? failure : std::nullopt;
}

std::optional<Failure> Claims::failure_of(const std::string& id) const {
  const std::vector<std::int64_t> numbers = numbers_in(folder_ / id);
  if (numbers.empty()) return std::nullopt;
  return recent_failure(id, numbers.back(), read_claim(folder_ / id / fmt::to_string(numbers.back())));
}

Claims::~Claims() { ::unlink(mine_.c_str()); }

std::optional<std::int64_t> Claims::last(const fs::path& output, const std::string& id) {
  const std::vector<std::int64_t> numbers = numbers_in(output / claims_folder / id);
  return numbers.empty() ? std::nullopt : std::optional(numbers.back());
}

std::map<std::string, Failure> Claims::failures(const fs::path& output) {
  std::map<std::string, Failure> failures;
  for (const auto& [id, path] : latest_claims(output / claims_folder))
    if (auto failure = failure_in(read_claim(path))) failures.emplace(id, std::move(*failure));
  return failures;
}

std::map<std::string, Busy> Claims::owners(const fs::path& output) {
  std::map<std::string, Busy> owners;
  for (const auto& [id, path] : latest_claims(output / claims_folder)) {
    const json claim = read_claim(path);
    try {
      // Nothing is written here: the time is this host's, which is near enough to say who is at work.
      if (!is_over(path, claim, true, std::chrono::system_clock::now().time_since_epoch()))
        owners.emplace(id, Busy{owner_text(claim)});
    } catch (const records::SystemError& error) {
      if (error.code != ENOENT) throw;
    }
  }
  return owners;
}

}  // namespace gradus::sweep
