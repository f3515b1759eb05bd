#include "tools/sweep/records.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include "tools/sweep/digest.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

[[noreturn]] void fail(const fs::path& path, std::string_view what) {
  throw std::runtime_error(fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno)));
}

}  // namespace

Completion read_completion(const fs::path& folder) {
  Completion completion;
  try {
    std::ifstream file(folder / "complete.json");
    if (!file) {
      completion.problem = "no complete.json";
      return completion;
    }
    const json record = json::parse(file);
    completion.status = record.at("status").get<std::string>();
    completion.reason = record.value("reason", std::string());
    if (completion.status != "completed" && completion.status != "diverged") {
      completion.problem = fmt::format("complete.json says {}", completion.status);
      return completion;
    }
    const fs::path name = record.at("run_file").get<std::string>();
    if (name.empty() || name.has_parent_path() || name == "." || name == "..")
      throw std::runtime_error(fmt::format("run_file '{}' is not a name in the run's folder", name.string()));
    const fs::path run_file = folder / name;
    const auto size = record.at("size").get<std::uintmax_t>();
    if (fs::file_size(run_file) != size)
      throw std::runtime_error(
          fmt::format("{} has {} bytes, {} recorded", name.string(), fs::file_size(run_file), size));
    if (sha256_of_file(run_file) != record.at("sha256").get<std::string>())
      throw std::runtime_error(fmt::format("{} does not have the recorded SHA-256", name.string()));
    completion.final = true;
  } catch (const std::exception& error) {
    completion.problem = fmt::format("complete.json does not verify: {}", error.what());
  }
  return completion;
}

std::optional<Table> Table::read(const fs::path& output) {
  const fs::path path = output / "sweep.json";
  std::ifstream file(path);
  if (!file) {
    if (fs::exists(path)) throw std::runtime_error(fmt::format("{}: cannot be read", path.string()));
    return std::nullopt;
  }
  try {
    const json document = json::parse(file);
    if (document.at("schema").get<int>() != 1) throw std::runtime_error("unknown schema, expected 1");
    Table table;
    table.program = document.at("program").get<std::string>();
    table.command = document.value("command", std::vector<std::string>());
    for (const json& run : document.at("runs")) {
      RunRow row;
      row.id = run.at("id").get<std::string>();
      row.options = run.at("options");
      row.status = run.at("status").get<std::string>();
      if (run.contains("exit_code") && !run["exit_code"].is_null()) row.exit_code = run["exit_code"].get<int>();
      row.reason = run.value("reason", std::string());
      if (!row.options.is_object()) throw std::runtime_error("a run's options are not an object");
      table.runs.push_back(std::move(row));
    }
    return table;
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("{}: not a sweep's table: {}", path.string(), error.what()));
  }
}

void Table::write(const fs::path& output) const {
  json document = {{"schema", 1}, {"program", program}, {"command", command}, {"runs", json::array()}};
  for (const RunRow& run : runs) {
    document["runs"].push_back({{"id", run.id},
                                {"options", run.options},
                                {"folder", run.id},
                                {"status", run.status},
                                {"exit_code", run.exit_code ? json(*run.exit_code) : json()},
                                {"reason", run.reason}});
  }
  // Reasons come from programs' output: bytes that are not UTF-8 are replaced.
  const std::string text = document.dump(1, ' ', false, json::error_handler_t::replace) + "\n";

  const fs::path path = output / "sweep.json";
  const fs::path fresh = output / ".sweep.json.new";
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) fail(fresh, "cannot be written");
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = ::write(file, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    done += static_cast<std::size_t>(written);
  }
  const bool ok = done == text.size() && ::fsync(file) == 0;
  const int error = errno;
  if ((::close(file) != 0) || !ok) {
    if (!ok) errno = error;
    fail(fresh, "cannot be written");
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) fail(path, "cannot be replaced");
  if (const int folder = ::open(output.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); folder >= 0) {
    ::fsync(folder);  // the name itself; where a file system refuses this, the rename stands all the same
    ::close(folder);
  }
}

FolderLock::FolderLock(const fs::path& output) {
  const fs::path path = output / ".lock";
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) fail(path, "cannot be written");
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    std::array<char, 32> owner{};
    const ssize_t size = ::pread(file_, owner.data(), owner.size() - 1, 0);
    ::close(file_);
    errno = error;
    if (error != EWOULDBLOCK) fail(path, "cannot be locked");
    std::string process(owner.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    while (!process.empty() && process.back() == '\n') process.pop_back();
    throw std::runtime_error(fmt::format("{}: another sweep is at work in this folder{}", output.string(),
                                         process.empty() ? "" : fmt::format(" (process {})", process)));
  }
  const std::string process = fmt::format("{}\n", ::getpid());
  // Only for the message above: that it cannot be written harms nothing.
  if (::ftruncate(file_, 0) == 0) static_cast<void>(::pwrite(file_, process.data(), process.size(), 0) == 0);
}

FolderLock::~FolderLock() { ::close(file_); }

bool FolderLock::held(const fs::path& output) {
  const int file = ::open((output / ".lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool locked = ::flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(file);
  return locked;
}

}  // namespace gradus::sweep
