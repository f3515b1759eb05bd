// sweep verify: whether every byte that matters in a sweep's folder is as it was written, and what mends it where not.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/program.h"
#include "experiments/records/sealed.h"
#include "tools/sweep/builds.h"
#include "tools/sweep/claim.h"
#include "tools/sweep/integrity/audit.h"
#include "tools/sweep/integrity/found_files.h"
#include "tools/sweep/integrity/unexpected.h"
#include "tools/sweep/parallel.h"
#include "tools/sweep/planned.h"
#include "tools/sweep/processors.h"
#include "tools/sweep/standing.h"
#include "tools/sweep/table.h"
#include "tools/sweep/verb.h"

namespace gradus::sweep {
namespace {

namespace fs = std::filesystem;

struct Totals {
  std::size_t findings = 0, uncovered = 0;
  std::map<AuditedState, std::size_t> runs;
  std::uintmax_t files = 0, bytes = 0;
};

class Verification {
 public:
  Verification(fs::path output, int threads) : output_(std::move(output)), threads_(threads) {}

  // True if nothing is wrong.
  bool run() {
    read_what_tells_of_runs();
    audit_runs();
    if (ids_.empty() && !table_ && totals_.findings == 0)
      throw records::UsageError(
          fmt::format("{}: no sweep here: expected a folder with sweep.json or runs", output_.string()));
    audit_files_of_the_sweep();
    for (const Finding& finding : unexpected_files(output_, ids_, at_work_)) tell(finding);
    if (totals_.runs.size() > totals_.runs.count(AuditedState::pending) + totals_.runs.count(AuditedState::no_run))
      audit_cover();
    print_totals();
    return totals_.findings == 0;
  }

 private:
  void tell(const Finding& finding) {
    ++totals_.findings;
    records::put(line_of(output_, finding) + "\n");
  }

  // A sealed file, read by `read`; what cannot be read tells nothing.
  template <class Read>
  void read_sealed(const std::string& name, Remedy remedy, const Read& read) {
    try {
      read();
    } catch (const records::SystemError& error) {
      tell({name, without_path(output_ / name, error.what()), Remedy::look_again});
    } catch (const records::OtherSchema& error) {
      tell({name, without_path(output_ / name, error.what()), remedy});
    } catch (const records::Damaged& error) {
      tell({name, without_path(output_ / name, error.what()), remedy});
    }
  }

  void read_what_tells_of_runs() {
    std::error_code error;
    if (!fs::is_directory(output_, error))
      throw records::UsageError(fmt::format("{}: no such folder: expected the folder of a sweep", output_.string()));
    at_work_ = is_at_work(output_);
    const std::size_t before = totals_.findings;
    read_sealed(manifest_file, Remedy::remove_file, [&] { manifest_ = Manifest::read(output_); });
    manifest_is_damaged_ = totals_.findings > before;
    read_sealed(table_file, Remedy::remove_file, [&] { table_ = Table::read(output_); });
    read_sealed(planned_file, Remedy::write_again, [&] {
      for (const std::string& id : planned_runs(output_)) ids_.insert(id);
    });
    for (const auto& [id, failure] : Claims::failures(output_)) failed_.insert(id);
    if (table_)
      for (const RunRow& row : table_->runs) {
        if (records::is_result(row.status)) results_.insert(row.id);
        if (row.status == pruned_status) pruned_.insert(row.id);
        ids_.insert(row.id);
      }
    if (manifest_)
      for (const auto& [id, run] : manifest_->runs) ids_.insert(id);
    ids_.insert(failed_.begin(), failed_.end());
  }

  KnownRun known(const std::string& id, const std::map<std::string, Busy>& owners) const {
    return {id,
            manifest_ ? manifest_->find(id) : nullptr,
            results_.contains(id),
            failed_.contains(id),
            pruned_.contains(id),
            owners.contains(id)};
  }

  void audit_runs() {
    std::set<std::string> all = folders_in(output_);
    all.insert(ids_.begin(), ids_.end());
    const std::vector<std::string> ids(all.begin(), all.end());
    const auto owners = Claims::owners(output_);
    std::vector<RunAudit> audits(ids.size());
    for_each_in_parallel(
        ids.size(), threads_, [&](std::size_t i) { audits[i] = audit_run(output_, known(ids[i], owners)); }, [] {});
    for (std::size_t i = 0; i < ids.size(); ++i) {
      RunAudit& audit = audits[i];
      // A sweep at work may just have replaced it.
      if (at_work_ && !audit.findings.empty()) audit = audit_run(output_, known(ids[i], Claims::owners(output_)));
      for (const Finding& finding : audit.findings) tell(finding);
      if (audit.state == AuditedState::no_run && ids_.contains(ids[i])) audit.state = AuditedState::pending;
      if (audit.state != AuditedState::no_run) ids_.insert(ids[i]);
      ++totals_.runs[audit.state];
      totals_.uncovered += audit.now && !audit.is_covered ? 1 : 0;
      totals_.files += audit.files;
      totals_.bytes += audit.bytes;
    }
  }

  void audit_files_of_the_sweep() {
    const FoundFiles files = files_of_sweep(output_);
    for (const auto& [name, path] : files) {
      ++totals_.files;
      std::error_code error;
      totals_.bytes += fs::file_size(path, error);
      const bool is_program = name.starts_with(programs_folder);
      if (is_program)
        read_sealed(name, Remedy::remove_file, [&name = name, &path = path] {
          if (records::sha256_of_file(path) != path.parent_path().filename())
            throw records::Damaged("damaged: its SHA-256 is not its folder's name");
        });
      else if (name != table_file && name != planned_file)
        read_sealed(name, Remedy::write_again, [&path = path] { records::read_current(path); });
    }
    if (manifest_)
      for (const std::string& name : manifest_->others)
        if (!files.contains(name)) tell({name, "missing", Remedy::write_again});
  }

  // Whether the manifest tells of all that has ended.
  void audit_cover() {
    const bool goes_on = at_work_ || totals_.runs[AuditedState::pending] > 0;
    if (manifest_is_damaged_) return;
    // Who runs a part of a sweep (run-one) keeps none: a sweep that ran to its end has, and has left a table.
    if (!manifest_ && table_ && !goes_on)
      tell({manifest_file, "missing: nothing vouches for logs, nor for what is gone", Remedy::write_again});
    else if (totals_.uncovered > 0)
      records::put(fmt::format(
          "{} of the runs that have ended {} not in {} yet: checked is what their own records vouch for, not "
          "what they have printed (logs/); the same `sweep run` again adds them\n",
          totals_.uncovered, totals_.uncovered == 1 ? "is" : "are", manifest_file));
  }

  void print_totals() {
    const auto count = [&](AuditedState state) { return totals_.runs[state]; };
    std::string others;
    for (const auto& [state, name] : {std::pair{AuditedState::failed, "failed"},
                                      {AuditedState::pruned, "stopped early"},
                                      {AuditedState::pending, "pending"},
                                      {AuditedState::other_schema, "of another Gradus and not checked"}})
      if (count(state) > 0) others += fmt::format(", {} {}", count(state), name);
    records::put(fmt::format("{} finished runs{}, {} files, {:.1f} MB: {}{}\n", count(AuditedState::result), others,
                             totals_.files, static_cast<double>(totals_.bytes) / 1e6,
                             totals_.findings == 0
                                 ? "whole"
                                 : fmt::format("{} finding{}", totals_.findings, totals_.findings == 1 ? "" : "s"),
                             at_work_ ? " (a sweep is at work)" : ""));
  }

  const fs::path output_;
  const int threads_;
  bool at_work_ = false, manifest_is_damaged_ = false;
  std::optional<Manifest> manifest_;
  std::optional<Table> table_;
  std::set<std::string> ids_;                        // of runs
  std::set<std::string> results_, failed_, pruned_;  // of those that are said to have ended so
  Totals totals_;
};

}  // namespace

Verb verify_verb(CLI::App& app) {
  CLI::App* verify = app.add_subcommand(
      "verify", "read everything in a sweep's folder again: exit code 0 if all is as it was written, 1 if not");
  auto folder = std::make_shared<std::string>();
  auto threads = std::make_shared<int>(Processors().size());
  verify->add_option("folder", *folder, "folder of the sweep")->required();
  verify->add_option("-j,--jobs", *threads, "files that are read at a time (default: as many as there are processors)")
      ->check(CLI::Range(1, 1024));
  verify->footer(
      "One line for each finding: the file, what is wrong with it, and what mends it. Runs that are pending are no\n"
      "damage. Nothing is changed.");
  return {verify, [folder, threads](const CommandLine&) {
            return Verification(*folder, *threads).run() ? 0 : records::exit_failed;
          }};
}

}  // namespace gradus::sweep
