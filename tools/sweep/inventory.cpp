#include "tools/sweep/inventory.h"

#include <fmt/format.h>

#include <cerrno>
#include <future>
#include <optional>

#include "experiments/records/files.h"
#include "experiments/records/sealed.h"
#include "tools/sweep/parallel.h"
#include "tools/sweep/processors.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
using nlohmann::json;
using records::Verdict;

namespace {

// Who the run is, from complete.json or config.json.
void identify(RunRecord& record, const json& told, const json& build_holder, const RunRow* known) {
  record.program = records::text_member(told, "program");
  record.config_hash = records::text_member(told, "config_hash");
  record.build = records::text_member(build_holder, "executable_sha256");
  // Only where the cache does not know them: of ten thousand runs they take much room.
  const bool wanted = known == nullptr || known->options.empty();
  if (wanted && told.contains("options") && told["options"].is_object()) record.options = told["options"];
}

// Others read it, even where the completion record tells all that the sweep needs. That it is as it was written is all
// that is asked here.
std::string problem_of_config(const fs::path& folder) {
  const fs::path path = folder / records::config_file;
  try {
    try {
      records::read_text_under_seal(path);
    } catch (const records::Damaged&) {
      records::read_current(path);  // says whether it is of another Gradus
    }
  } catch (const records::SystemError& error) {
    return error.code == ENOENT ? "" : error.what();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

RunRecord unreadable(const fs::path& folder, std::error_code error) {
  RunRecord record;
  record.verdict = Verdict::unreadable;
  record.problem = records::SystemError(folder, "cannot be read now", error ? error.value() : ENOENT).what();
  return record;
}

// Of a result that the cache knows, as long as its files are those that it was read from.
std::optional<RunRecord> known_result(const fs::path& folder, const RunRow& known) {
  if (!records::is_result(known.status) || known.stamp.empty() || !known.seconds || known.options.empty()) return {};
  try {
    if (records::stamp_of_run(folder) != known.stamp) return std::nullopt;
  } catch (const records::SystemError&) {
    return std::nullopt;
  }
  RunRecord record;
  record.verdict = Verdict::whole;
  record.stamp = known.stamp;
  record.status = known.status;
  record.reason = known.reason;
  record.seconds = *known.seconds;
  record.config_hash = known.config_hash;
  if (known.told_build) record.build = known.build;
  return record;
}

}  // namespace

RunRecord read_record(const fs::path& folder, const RunRow* known) {
  if (known != nullptr)
    if (auto record = known_result(folder, *known)) return std::move(*record);
  records::Completion completion = records::read_completion(folder, known != nullptr ? known->stamp : std::string());
  RunRecord record;
  record.verdict = completion.verdict;
  record.problem = completion.problem;
  record.stamp = completion.stamp;
  if (record.verdict == Verdict::whole) {
    record.status = records::text_member(completion.record, "status");
    record.reason = records::text_member(completion.record, "reason");
    if (const auto seconds = completion.record.find("seconds"); seconds != completion.record.end())
      if (seconds->is_number()) record.seconds = seconds->get<double>();
    record.config_problem = problem_of_config(folder);
    if (!record.config_problem.empty()) record.stamp.clear();  // so that it is said again
    identify(record, completion.record, completion.record, known);
  } else if (record.verdict == Verdict::none) {
    try {
      const json config = records::read_current(folder / records::config_file);
      identify(record, config, config.value("environment", json::object()), known);
    } catch (const records::SystemError& error) {
      if (error.code != ENOENT && error.code != ENOTDIR) {
        record.verdict = Verdict::unreadable;
        record.problem = error.what();
      }
    } catch (const records::OtherSchema& error) {
      record.verdict = Verdict::other_schema;
      record.problem = error.what();
    } catch (const std::exception&) {
      // A run that did not come to its end is begun again in any case.
    }
  } else if (known != nullptr) {
    record.config_hash = known->config_hash;  // what the folder does not tell now
    record.build = known->build;
  }
  return record;
}

void tell(RunRow& row, const RunRecord& record) {
  if (row.options.empty() && !record.options.is_null()) {
    row.options = record.options;
    row.effective = true;
  }
  if (!record.config_hash.empty()) row.config_hash = record.config_hash;
  if (!record.build.empty()) row.build = record.build;
  if (record.verdict == Verdict::whole) row.told_build = !record.build.empty();
  row.stamp = record.stamp;
  switch (record.verdict) {
    case Verdict::whole:
      if (records::is_result(record.status) || record.status == "failed") {
        if (row.status != record.status) row.exit_code.reset();
        row.status = record.status;
        row.reason = record.reason;
        row.seconds = record.seconds;
        if (!row.exit_code) row.exit_code = records::exit_code_of(record.status);
      } else if (row.status != "failed" && row.status != pruned_status) {
        row.status = "pending";
        row.reason = record.reason.empty() ? record.status : fmt::format("{}: {}", record.status, record.reason);
        row.exit_code.reset();
      }
      return;
    case Verdict::none:
      if (row.status != "failed" && row.status != "pending") {
        row.status = "pending";
        row.reason.clear();
        row.exit_code.reset();
      }
      return;
    case Verdict::damaged:
    case Verdict::other_schema:
    case Verdict::unreadable:
      row.status = record.verdict == Verdict::damaged        ? "damaged"
                   : record.verdict == Verdict::other_schema ? "other_schema"
                                                             : "unreadable";
      row.reason = record.problem;
      return;
  }
}

std::vector<std::string> Inventory::notes() const {
  std::vector<std::string> notes;
  for (const auto& [id, record] : records)
    if (!record.config_problem.empty()) notes.push_back(record.config_problem + "; not used");
  return notes;
}

const RunRow* Inventory::cached(const std::string& id) const {
  const auto found = row_numbers_.find(id);
  return found == row_numbers_.end() ? nullptr : &cache->runs[found->second];
}

void Inventory::tell(RunRow& row) const {
  const auto record = records.find(row.id);
  const auto failure = failures.find(row.id);
  // The table may not know yet that a failure was taken back, to be tried again.
  const bool is_told = failure != failures.end() || (record != records.end() && record->second.status == "failed");
  if (row.status == "failed" && !is_told) row = RunRow{row.id, row.options, row.effective};
  if (record != records.end())
    sweep::tell(row, record->second);
  else if (row.status != "failed")
    row = RunRow{row.id, row.options, row.effective};  // its folder has gone
  if (failure == failures.end() || row.status != "pending") return;
  row.status = "failed";
  row.exit_code = failure->second.code;
  row.reason = failure->second.reason;
}

std::vector<RunRow> Inventory::rows(const std::unordered_set<std::string>& besides) const {
  std::vector<RunRow> rows;
  if (cache)
    for (const RunRow& row : cache->runs)
      if (!besides.contains(row.id)) tell(rows.emplace_back(row));
  for (const auto& [id, record] : records) {
    if (cached(id) != nullptr || besides.contains(id)) continue;
    if (record.verdict == Verdict::none && record.options.is_null()) continue;  // nothing says that it is a run's
    RunRow row{id};
    tell(row);
    rows.push_back(std::move(row));
  }
  return rows;
}

Inventory take_inventory(const fs::path& output, const std::function<void()>& pause) {
  Inventory inventory;
  std::future<std::optional<Table>> reading = std::async(Table::read, output);
  inventory.failures = Claims::failures(output);

  std::vector<std::string> folders;
  std::error_code error;
  fs::directory_iterator entry(output, error);
  if (error == std::errc::no_such_file_or_directory) return inventory;
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
    pause();
    const std::string name = entry->path().filename().string();
    if (name.starts_with('.') && name.ends_with(records::aside_suffix))
      inventory.aside.insert(name.substr(1, name.size() - 1 - records::aside_suffix.size()));
    if (name.starts_with('.') || name == logs_folder) continue;
    std::error_code unseen;
    const bool folder = entry->is_directory(unseen);
    if (unseen || (!folder && entry->is_symlink(unseen) && !entry->exists(unseen))) {
      inventory.records.emplace(name, unreadable(entry->path(), unseen));
      continue;
    }
    if (!folder) continue;
    if (name.ends_with(rebuild_suffix)) {
      inventory.rebuilds.insert(name.substr(0, name.size() - std::string_view(rebuild_suffix).size()));
      continue;
    }
    folders.push_back(name);
  }
  if (error) throw records::SystemError(output, "cannot be listed", error.value());

  try {
    inventory.cache = reading.get();
  } catch (const records::Damaged& unusable) {
    inventory.cache_problem = unusable.what();
  } catch (const records::OtherSchema& unusable) {
    inventory.cache_problem = unusable.what();
  }
  if (inventory.cache)
    for (std::size_t i = 0; i < inventory.cache->runs.size(); ++i)
      inventory.row_numbers_.emplace(inventory.cache->runs[i].id, i);

  std::vector<RunRecord> found(folders.size());
  for_each_in_parallel(
      folders.size(), Processors().size(),
      [&](std::size_t i) { found[i] = read_record(output / folders[i], inventory.cached(folders[i])); }, pause);
  for (std::size_t i = 0; i < folders.size(); ++i) inventory.records.emplace(folders[i], std::move(found[i]));
  return inventory;
}

Inventory take_inventory_of(const fs::path& output, const std::vector<std::string>& ids) {
  Inventory inventory;
  inventory.failures = Claims::failures(output);
  for (const std::string& id : ids) {
    std::error_code unseen;
    if (fs::is_directory(output / id, unseen)) inventory.records.emplace(id, read_record(output / id));
    if (unseen && unseen != std::errc::no_such_file_or_directory)
      inventory.records.emplace(id, unreadable(output / id, unseen));
    if (fs::is_directory(output / (id + rebuild_suffix), unseen)) inventory.rebuilds.insert(id);
  }
  return inventory;
}

}  // namespace gradus::sweep
