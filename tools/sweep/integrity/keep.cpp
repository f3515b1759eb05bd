#include "tools/sweep/integrity/keep.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "experiments/records/sealed.h"
#include "tools/sweep/claim.h"
#include "tools/sweep/integrity/audit.h"
#include "tools/sweep/integrity/found_files.h"
#include "tools/sweep/integrity/manifest.h"
#include "tools/sweep/parallel.h"
#include "tools/sweep/processors.h"
#include "tools/sweep/table.h"
#include "tools/sweep/turn.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

namespace {

// What a sweep has just read to the end is not read again.
void tell_stamps(const fs::path& output, std::vector<KnownRun>& runs) {
  if (runs.empty()) return;
  std::map<std::string, std::string> stamps;
  try {
    if (const auto table = Table::read(output))
      for (const RunRow& row : table->runs) stamps.emplace(row.id, row.stamp);
  } catch (const std::runtime_error&) {  // damaged: all is read
  }
  for (KnownRun& run : runs) run.stamp = stamps[run.id];
}

std::map<std::string, std::string> endings_of(const fs::path& output, const std::set<std::string>& ids,
                                              const std::function<void()>& pause) {
  std::map<std::string, std::string> endings;
  for (const std::string& id : ids) endings.emplace_hint(endings.end(), id, "");
  std::vector<std::pair<const std::string, std::string>*> each;
  for (auto& one : endings) each.push_back(&one);
  for_each_in_parallel(
      each.size(), Processors().size(), [&](std::size_t i) { each[i]->second = ending_of(output, each[i]->first); },
      pause);
  return endings;
}

}  // namespace

std::vector<std::string> keep_manifest(const fs::path& output, const std::function<void()>& pause) {
  std::vector<std::string> problems;
  const Turn turn(output, manifest_file, pause);
  // Read while the folder is looked through: of tens of thousands of runs both take long.
  std::future<std::optional<Manifest>> reading = std::async(Manifest::read, output);
  const std::map<std::string, Failure> failures = Claims::failures(output);
  const std::map<std::string, Busy> owners = Claims::owners(output);
  std::set<std::string> ids = folders_in(output);
  for (const auto& [id, failure] : failures) ids.insert(id);

  std::optional<Manifest> before;
  try {
    before = reading.get();
  } catch (const records::SystemError&) {
    throw;
  } catch (const std::runtime_error& error) {
    problems.push_back(fmt::format("{}; it is made anew of what is there now", error.what()));
  }

  if (before)
    for (const auto& [id, run] : before->runs) ids.insert(id);
  const std::map<std::string, std::string> endings = endings_of(output, ids, pause);

  Manifest after;
  std::vector<KnownRun> changed;
  for (const auto& [id, ending] : endings) {
    const RunFiles* known = before ? before->find(id) : nullptr;
    if (known != nullptr && known->ending == ending)
      after.runs.insert(after.runs.end(), before->runs.extract(id));
    else if (!ending.empty() || known != nullptr)
      changed.push_back({id, known, false, failures.contains(id), false, owners.contains(id)});
  }

  tell_stamps(output, changed);
  std::vector<RunAudit> audits(changed.size());
  for_each_in_parallel(
      changed.size(), Processors().size(), [&](std::size_t i) { audits[i] = audit_run(output, changed[i]); }, pause);
  for (std::size_t i = 0; i < changed.size(); ++i) {
    if (audits[i].now)
      after.runs.emplace(changed[i].id, std::move(*audits[i].now));
    else if (changed[i].manifest != nullptr && !audits[i].findings.empty())
      after.runs.emplace(changed[i].id, *changed[i].manifest);  // so that it is still missed
    // What cannot be read now was said when the sweep left it alone.
    const auto damage = std::ranges::find_if(
        audits[i].findings, [](const Finding& finding) { return finding.remedy != Remedy::look_again; });
    if (damage != audits[i].findings.end()) problems.push_back(line_of(output, *damage));
  }
  for (const auto& [name, path] : files_of_sweep(output)) after.others.insert(name);
  const bool is_as_before = before && before->runs.empty() && changed.empty() && after.others == before->others;
  if (!is_as_before) after.write(output);
  return problems;
}

}  // namespace gradus::sweep
