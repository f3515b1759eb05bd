#include "tools/sweep/integrity/found_files.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"
#include "tools/sweep/builds.h"
#include "tools/sweep/claim.h"
#include "tools/sweep/inventory.h"
#include "tools/sweep/shared_file.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t longest_name = 4096;
constexpr std::array sealed_files = {asked_file, mixed_file, planned_file, stages_file, table_file};

void add(FoundFiles& files, const fs::path& output, const fs::path& name) {
  std::error_code error;
  if (fs::is_regular_file(output / name, error))
    files.emplace(records::printable(name.string(), longest_name), output / name);
}

}  // namespace

FoundFiles files_below(const fs::path& output, const fs::path& name) {
  FoundFiles files;
  std::error_code error;
  fs::recursive_directory_iterator entry(output / name, error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
    std::error_code unseen;
    if (!entry->is_regular_file(unseen)) continue;
    files.emplace(records::printable((name / entry->path().lexically_relative(output / name)).string(), longest_name),
                  entry->path());
  }
  if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory)
    throw records::SystemError(output / name, "cannot be listed", error.value());
  return files;
}

FoundFiles files_of_run(const fs::path& output, const std::string& id) {
  FoundFiles files = files_below(output, id);
  add(files, output, fs::path(logs_folder) / (id + ".log"));
  if (const auto claim = Claims::last(output, id))
    add(files, output, fs::path(claims_folder) / id / fmt::to_string(*claim));
  return files;
}

std::string ending_of(const fs::path& output, const std::string& id) {
  std::string ending = records::seal_at_end(output / id / records::completion_file);
  if (const auto claim = Claims::last(output, id)) {
    // A number that was given back may be another attempt's, which has another seal.
    const std::string seal = records::seal_at_end(output / claims_folder / id / fmt::to_string(*claim));
    ending += fmt::format("{}claim {} {}", ending.empty() ? "" : " ", *claim, seal);
  }
  return ending;
}

std::set<std::string> folders_in(const fs::path& output) {
  std::set<std::string> names;
  std::error_code error, unseen;
  fs::directory_iterator entry(output, error);
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with('.') && name != logs_folder && !name.ends_with(rebuild_suffix) && entry->is_directory(unseen))
      names.insert(name);
  }
  if (error) throw records::SystemError(output, "cannot be listed", error.value());
  return names;
}

FoundFiles files_of_sweep(const fs::path& output) {
  FoundFiles files = files_below(output, programs_folder);
  for (const char* name : sealed_files) add(files, output, name);
  return files;
}

FileDigest digest_of(const fs::path& path) { return {records::InputFile(path).size(), records::sha256_of_file(path)}; }

}  // namespace gradus::sweep
