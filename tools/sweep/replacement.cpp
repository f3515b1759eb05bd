#include "tools/sweep/replacement.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>

#include "experiments/records/files.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

namespace {

void rename(const fs::path& from, const fs::path& to, unsigned int how) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), how) != 0)
    throw records::SystemError(to, "cannot be replaced", errno);
}

}  // namespace

fs::path rebuild_folder(const fs::path& output, const std::string& id) { return output / (id + rebuild_suffix); }

void remove_folder(const fs::path& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) throw records::SystemError(folder, "cannot be removed", error.value());
}

void replace_run(const fs::path& output, const std::string& id) {
  const fs::path fresh = rebuild_folder(output, id), place = output / id;
  fs::path old = fresh;
  try {
    rename(fresh, place, RENAME_EXCHANGE);
  } catch (const records::SystemError& error) {
    if (error.code != EINVAL && error.code != ENOSYS && error.code != ENOTSUP) throw;
    // A file system that does not exchange: between the two steps ID.rebuild is the whole one (finish_replacements).
    old = output / fmt::format(".{}.old", id);
    remove_folder(old);
    rename(place, old, 0);
    rename(fresh, place, 0);
  }
  records::sync_folder(output);
  remove_folder(old);
}

void finish_replacements(const fs::path& output, Inventory& inventory) {
  for (auto id = inventory.rebuilds.begin(); id != inventory.rebuilds.end();) {
    RunRecord record = inventory.records.contains(*id) ? RunRecord() : read_record(rebuild_folder(output, *id));
    if (!record.is_result()) {
      ++id;
      continue;
    }
    rename(rebuild_folder(output, *id), output / *id, 0);
    inventory.records.emplace(*id, std::move(record));
    id = inventory.rebuilds.erase(id);
  }
}

}  // namespace gradus::sweep
