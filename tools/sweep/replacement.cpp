#include "tools/sweep/replacement.h"

#include "experiments/records/files.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

fs::path rebuild_folder(const fs::path& output, const std::string& id) { return output / (id + rebuild_suffix); }

void replace_run(const fs::path& output, const std::string& id) {
  records::remove_folder(records::replace_folder(rebuild_folder(output, id), output / id));
}

void finish_replacements(const fs::path& output, Inventory& inventory) {
  for (auto id = inventory.rebuilds.begin(); id != inventory.rebuilds.end();) {
    RunRecord record = inventory.records.contains(*id) ? RunRecord() : read_record(rebuild_folder(output, *id));
    if (!record.is_result()) {
      ++id;
      continue;
    }
    std::error_code error;
    fs::rename(rebuild_folder(output, *id), output / *id, error);
    if (error) throw records::SystemError(output / *id, "cannot be replaced", error.value());
    inventory.records.emplace(*id, std::move(record));
    id = inventory.rebuilds.erase(id);
  }
  for (const std::string& id : inventory.aside) {
    records::finish_replacement(output / id);
    if (!inventory.records.contains(id)) inventory.records.emplace(id, read_record(output / id));
  }
  inventory.aside.clear();
}

}  // namespace gradus::sweep
