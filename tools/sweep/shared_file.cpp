#include "tools/sweep/shared_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <vector>

#include "experiments/records/digest.h"
#include "experiments/records/files.h"
#include "experiments/records/sealed.h"
#include "settings/parse.h"
#include "tools/sweep/patience.h"
#include "tools/sweep/place.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view prefix = ".new.";

// Hosts and process namespaces may have processes of one number.
std::string place_name() { return records::sha256(records::json_text(place_of_processes())).substr(0, 12); }

std::string process_name() { return fmt::format("{}.{}", place_name(), ::getpid()); }

// Whether nobody will come back to a file of own_file(). Of another host that is known only by the time.
bool is_left(const fs::path& file, std::string_view here, fs::file_time_type now) {
  std::string_view name = std::string_view(file.native()).substr(file.native().rfind('/') + 1 + prefix.size());
  if (name.starts_with(here) && name.substr(here.size()).starts_with('.')) {
    name.remove_prefix(here.size() + 1);
    const auto process = settings::number_in<std::int64_t>(name.substr(0, name.find('.')));
    if (process && beginning_of(*process).empty()) return true;
  }
  std::error_code gone;
  const auto changed = fs::last_write_time(file, gone);
  return !gone && now - changed >= claim_patience();
}

}  // namespace

fs::path own_file(const fs::path& output, std::string_view purpose) {
  const fs::path folder = fs::absolute(output) / claims_folder;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw records::SystemError(folder, "cannot be made", error.value());
  static const std::string process = process_name();
  return folder / fmt::format("{}{}.{}", prefix, process, purpose);
}

void write_shared(const fs::path& output, const fs::path& target, std::string_view contents) {
  records::write_file(target, contents, own_file(output, target.filename().string()));
}

void remove_leftovers(const fs::path& output) {
  std::vector<fs::path> leftovers;
  const std::string here = place_name();
  std::error_code none;
  const fs::file_time_type now = fs::last_write_time(output / lock_file, none);  // by the file system's clock
  fs::directory_iterator entry(output / claims_folder, none);
  for (const fs::directory_iterator end; !none && entry != end; entry.increment(none))
    if (entry->path().filename().string().starts_with(prefix) && is_left(entry->path(), here, now))
      leftovers.push_back(entry->path());
  for (const fs::path& leftover : leftovers) fs::remove(leftover, none);
}

}  // namespace gradus::sweep
