#include "tools/sweep/shared_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <vector>

#include "experiments/records/digest.h"
#include "experiments/records/files.h"
#include "experiments/records/sealed.h"
#include "tools/sweep/place.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view prefix = ".new.";

// Hosts and process namespaces may have processes of one number.
std::string process_name() {
  return fmt::format("{}.{}", records::sha256(records::json_text(place_of_processes())).substr(0, 12), ::getpid());
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
  std::error_code none;
  fs::directory_iterator entry(output / claims_folder, none);
  for (const fs::directory_iterator end; !none && entry != end; entry.increment(none))
    if (entry->path().filename().string().starts_with(prefix)) leftovers.push_back(entry->path());
  for (const fs::path& leftover : leftovers) fs::remove(leftover, none);
}

}  // namespace gradus::sweep
