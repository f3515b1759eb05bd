#include "tools/sweep/integrity/unexpected.h"

#include "experiments/records/descriptor.h"
#include "experiments/records/files.h"
#include "settings/parse.h"
#include "tools/sweep/layout.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

namespace {

// The report writes here too.
const std::set<std::string> known_names = {asked_file,    mixed_file,      planned_file,    stages_file, table_file,
                                           manifest_file, report_file,     logs_folder,     lock_file,   cancel_file,
                                           claims_folder, attempts_folder, programs_folder, slurm_folder};

bool ends_with_cut(std::string& name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return false;
  name.erase(name.size() - suffix.size());
  return true;
}

// ID, ID.rebuild, or .ID.old, what lies aside while it is replaced.
bool is_of_a_run(std::string name, const std::set<std::string>& ids) {
  if (name.starts_with('.') && ends_with_cut(name, records::aside_suffix)) name.erase(0, 1);
  ends_with_cut(name, rebuild_suffix);
  return ids.contains(name);
}

// ID.log, ID.rebuild.log, or ID.N-NONCE.log of an attempt (attempt.h).
bool is_log_of_a_run(std::string name, const std::set<std::string>& ids) {
  if (!ends_with_cut(name, ".log")) return false;
  if (!ends_with_cut(name, rebuild_suffix))
    if (const std::size_t point = name.rfind('.'); point != name.npos) {
      const std::string_view attempt = std::string_view(name).substr(point + 1);
      if (settings::number_in<std::int64_t>(attempt.substr(0, attempt.find('-')))) name.erase(point);
    }
  return ids.contains(name);
}

template <class Known>
void add_unexpected(std::vector<Finding>& findings, const fs::path& output, const fs::path& folder,
                    const Known& known) {
  std::error_code error;
  fs::directory_iterator entry(output / folder, error);
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error))
    if (!known(*entry))
      findings.push_back({(folder / entry->path().filename()).string(), "unexpected", Remedy::move_away});
  if (error && error != std::errc::no_such_file_or_directory)
    throw records::SystemError(output / folder, "cannot be listed", error.value());
}

}  // namespace

std::vector<Finding> unexpected_files(const fs::path& output, const std::set<std::string>& ids, bool at_work) {
  std::vector<Finding> findings;
  add_unexpected(findings, output, "", [&](const fs::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    std::error_code error;
    if (known_names.contains(name)) return true;
    return entry.is_directory(error) && (at_work || is_of_a_run(name, ids));
  });
  add_unexpected(findings, output, logs_folder, [&](const fs::directory_entry& entry) {
    return at_work || is_log_of_a_run(entry.path().filename().string(), ids);
  });
  return findings;
}

}  // namespace gradus::sweep
