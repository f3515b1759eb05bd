#include "tools/sweep/claim.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "experiments/records/files.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"
#include "settings/parse.h"
#include "tools/sweep/patience.h"
#include "tools/sweep/shared_file.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::size_t largest_claim = 1 << 16;  // bytes

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// When a process began, in the kernel's ticks since the machine did: with its number, one process and no other.
std::string beginning_of(std::int64_t process) {
  const std::string line = first_line(fmt::format("/proc/{}/stat", process));
  const std::size_t name_end = line.rfind(')');  // the name may hold anything
  if (name_end == line.npos) return {};
  std::size_t at = name_end + 1;
  for (int field = 2; field < 21 && at != line.npos; ++field) at = line.find(' ', at + 1);
  return at == line.npos ? std::string() : line.substr(at + 1, line.find(' ', at + 1) - at - 1);
}

// Within which a process's number means one process: this boot of this host, and this process namespace.
json place() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  std::error_code error;
  return {{"host", records::printable(host.data())},
          {"boot", first_line("/proc/sys/kernel/random/boot_id")},
          {"processes", fs::read_symlink("/proc/self/ns/pid", error).string()}};
}

std::vector<std::int64_t> numbers_in(const fs::path& folder) {
  std::vector<std::int64_t> numbers;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error))
    if (const auto number = settings::number_in<std::int64_t>(entry->path().filename().string()))
      numbers.push_back(*number);
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

// What a claim says; null where it cannot be read or is none.
json read_claim(const fs::path& path) {
  try {
    return records::parse_json(records::read_file(path, largest_claim));
  } catch (const std::exception&) {
    return {};
  }
}

std::string owner_text(const json& claim) {
  return fmt::format("process {} on {}", claim.value("process", std::int64_t{0}),
                     records::printable(records::text_member(claim, "host")));
}

// By the clock of the file system, which is not this host's.
std::chrono::nanoseconds age_of(const fs::path& path, const fs::path& touched) {
  struct stat file {
  }, now{};
  if (::utimensat(AT_FDCWD, touched.c_str(), nullptr, 0) != 0 || ::stat(path.c_str(), &file) != 0 ||
      ::stat(touched.c_str(), &now) != 0)
    return {};
  return std::chrono::seconds(now.st_mtim.tv_sec - file.st_mtim.tv_sec) +
         std::chrono::nanoseconds(now.st_mtim.tv_nsec - file.st_mtim.tv_nsec);
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
  if (locked_) return true;
  struct stat file {};
  if (::futimens(file_.get(), nullptr) != 0 || ::fstat(file_.get(), &file) != 0) return true;  // nothing is known
  if (file.st_nlink == 0) return false;
  try {
    return numbers_in(folder_).back() == number_;
  } catch (const records::SystemError&) {
    return true;
  }
}

void Claim::release() {
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
  json claim = records::parse_json(text_);
  claim["ended"] = {{"code", failure.code}, {"reason", records::printable(failure.reason)}};
  try {
    const fs::path path = folder_ / fmt::to_string(number_);
    records::write_file(path, records::json_text(claim) + "\n",
                        folder_.parent_path() / fmt::format(".new.{}.{}", id_, number_));
    for (const std::int64_t number : numbers_in(folder_))
      if (number < number_) ::unlink((folder_ / fmt::to_string(number)).c_str());
  } catch (const std::exception&) {
    // Who comes next finds an owner that is gone.
  }
  file_.close();
}

Claims::Claims(const fs::path& output, std::string session)
    : folder_(fs::absolute(output) / claims_folder), session_(std::move(session)) {
  json self = place();
  self["process"] = static_cast<std::int64_t>(::getpid());
  self["began"] = beginning_of(::getpid());
  self["session"] = session_;
  text_ = records::json_text(self);
  mine_ = own_file(output, "claim");
  for (const auto& [id, path] : latest_claims(folder_))
    earlier_[id] = *settings::number_in<std::int64_t>(path.filename().string());
}

// Whose the latest claim is; none where it may be followed. `locks`: whether this process gets locks here.
std::optional<Busy> Claims::owner_of(const fs::path& path, bool locks) const {
  const json claim = read_claim(path);
  if (claim.is_null()) return locks ? std::nullopt : std::optional(Busy{"somebody"});
  if (failure_in(claim)) return std::nullopt;
  try {
    const records::Descriptor file(path, O_RDONLY);
    const records::Lock lock = records::try_lock(file.get(), path);
    if (lock == records::Lock::others) return Busy{owner_text(claim)};
    // What was claimed without locks is held by none.
    if (lock == records::Lock::mine && claim.value("locked", false)) return std::nullopt;
  } catch (const records::SystemError& error) {
    if (error.code != ENOENT) throw;
    return Busy{owner_text(claim)};  // it has just gone: another time
  }
  const json here = place();
  const bool same = std::all_of(here.items().begin(), here.items().end(), [&](const auto& item) {
    return records::text_member(claim, item.key().c_str()) == item.value();
  });
  if (same) {
    const bool lives = beginning_of(claim.value("process", std::int64_t{0})) == records::text_member(claim, "began");
    return lives ? std::optional(Busy{owner_text(claim)}) : std::nullopt;
  }
  if (claim.value("locked", false))
    return Busy{owner_text(claim) + ", which had a lock where this host gets none: run the sweep there"};
  if (age_of(path, mine_) < claim_patience()) return Busy{owner_text(claim)};
  return std::nullopt;
}

std::variant<Claim, Busy, Failure> Claims::take(const std::string& id) {
  const fs::path folder = folder_ / id;
  const std::vector<std::int64_t> before = numbers_in(folder);
  const std::int64_t last = before.empty() ? 0 : before.back();
  // A new one is written and locked before anybody sees it.
  ::unlink(mine_.c_str());
  records::Descriptor file(mine_, O_RDWR | O_CREAT | O_EXCL, 0644);
  const bool locks = records::try_lock(file.get(), mine_) == records::Lock::mine;
  json claim = records::parse_json(text_);
  claim["locked"] = locks;
  std::string text = records::json_text(claim);
  write_all(file.get(), text + "\n", mine_);
  if (last > 0) {
    const fs::path path = folder / fmt::to_string(last);
    const json latest = read_claim(path);
    if (const auto failure = failure_in(latest)) {
      const auto known = earlier_.find(id);
      const bool joint = !session_.empty() && records::text_member(latest, "session") == session_;
      if (known == earlier_.end() || known->second < last || joint) return *failure;
    }
    if (const auto owner = owner_of(path, locks)) return *owner;
  }
  const fs::path path = folder / fmt::to_string(last + 1);
  ::mkdir(folder.c_str(), 0777);
  if (::link(mine_.c_str(), path.c_str()) != 0) {
    if (errno == EEXIST || errno == ENOENT) return Busy{"another sweep"};
    throw records::SystemError(path, "cannot be claimed", errno);
  }
  ::unlink(mine_.c_str());
  Claim own(folder, id, last + 1, std::move(file), locks, std::move(text));
  // Numbers may have been given back and taken again in between.
  for (const std::int64_t number : numbers_in(folder))
    if (number != last + 1 && std::find(before.begin(), before.end(), number) == before.end()) {
      ::unlink(path.c_str());
      return Busy{"another sweep"};
    }
  return own;
}

Claims::~Claims() { ::unlink(mine_.c_str()); }

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
    if (claim.is_null() || failure_in(claim)) continue;
    const records::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    // What nobody holds was left by a sweep that was killed.
    if (claim.value("locked", false) && (!file || records::try_lock(file.get(), path) == records::Lock::mine)) continue;
    owners.emplace(id, Busy{owner_text(claim)});
  }
  return owners;
}

}  // namespace gradus::sweep
