#include "tools/sweep/integrity/audit.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/sealed.h"
#include "experiments/records/state_image.h"
#include "tools/sweep/integrity/found_files.h"
#include "tools/sweep/recorded_log.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
using nlohmann::json;
using records::Verdict;

namespace {

bool is_checkpoint(const fs::path& path) { return path.filename().string().starts_with("checkpoint."); }

class Audit {
 public:
  Audit(const fs::path& output, const KnownRun& known)
      : output_(output), known_(known), folder_(output / known.id), now_{ending_of(output, known.id), {}, {}} {
    audit_.is_covered = known.manifest != nullptr && known.manifest->ending == now_.ending;
  }

  RunAudit run() {
    const records::Completion completion = records::read_completion(folder_, known_.stamp);
    now_.status = records::text_member(completion.record, "status");
    audit_.state = state();
    switch (completion.verdict) {
      case Verdict::whole:
        if (audit_.state == AuditedState::result || !known_.is_at_work) audit_ended(completion.record);
        break;
      case Verdict::none:
        if (!known_.is_at_work) audit_without_record();
        break;
      case Verdict::damaged:
        audit_.state = AuditedState::result;
        if (!known_.is_at_work) add_damage(completion);
        break;
      case Verdict::other_schema:
        audit_.state = AuditedState::other_schema;
        break;
      case Verdict::unreadable:
        add(records::completion_file, without_path(folder_ / records::completion_file, completion.problem),
            Remedy::look_again);
    }
    return std::move(audit_);
  }

 private:
  AuditedState state() const {
    if (records::is_result(now_.status)) return AuditedState::result;
    if (known_.is_pruned) return AuditedState::pruned;
    // A claim that is damaged does not tell that it is one of a failure.
    const bool had_failed = audit_.is_covered && now_.ending.find("claim") != std::string::npos;
    return known_.has_failed || had_failed ? AuditedState::failed : AuditedState::pending;
  }

  void add(const std::string& file, std::string what, Remedy remedy) {
    add_by_name(known_.id + "/" + file, std::move(what), remedy);
  }
  void add_by_name(const std::string& name, std::string what, Remedy remedy) {
    audit_.findings.push_back({name, std::move(what), remedy, known_.id});
  }

  // What looking at a file throws is a finding.
  template <class Call>
  void look_at(const std::string& name, const fs::path& path, const Call& call) {
    try {
      call();
    } catch (const records::SystemError& error) {
      add_by_name(name, without_path(path, error.what()), Remedy::look_again);
    } catch (const std::exception& error) {
      add_by_name(name, without_path(path, error.what()), remedy_of(path));
    }
  }

  // complete.json or run.h5.
  void add_damage(const records::Completion& completion) {
    const char* file = completion.record.is_null() ? records::completion_file : records::run_file;
    add(file, without_path(folder_ / file, completion.problem), Remedy::run_again);
  }

  void audit_without_record() {
    std::error_code error;
    if (has_lost_its_record()) return add_loss();
    if (audit_.state == AuditedState::failed) return audit_ended({});
    if (!fs::exists(folder_ / records::config_file, error)) {
      audit_.state = AuditedState::no_run;
      return;
    }
    for (const auto& [name, path] : files_below(output_, known_.id))
      look_at(name, path, [&, &path = path] {
        if (own_name(path) == records::config_file) read_config(path);
        if (is_checkpoint(path)) records::read_state_image(path);
      });
  }

  // Another attempt begins with a configuration of its own.
  bool has_lost_its_record() const {
    if (known_.has_result) return true;
    if (known_.manifest == nullptr || !records::is_result(known_.manifest->status)) return false;
    const auto entry = known_.manifest->files.find(known_.id + "/" + records::config_file);
    try {
      return entry == known_.manifest->files.end() ||
             records::sha256_of_file(folder_ / records::config_file) == entry->second.sha256;
    } catch (const std::exception&) {
      return true;
    }
  }

  void add_loss() {
    std::error_code error;
    audit_.state = AuditedState::result;
    if (fs::exists(folder_, error))
      add(records::completion_file, "missing, and its run had come to its end", Remedy::run_again);
    else
      add_by_name(known_.id, "missing, and this run had come to its end", Remedy::run_or_take);
  }

  // `record` is complete.json's, null where the run failed without one.
  void audit_ended(const json& record) {
    const FoundFiles files = files_of_run(output_, known_.id);
    const json rows = rows_vouched_for(record);
    for (const auto& [name, path] : files)
      look_at(name, path, [&, &name = name, &path = path] {
        const std::string own = own_name(path);
        if (own == records::run_file && !record.is_null())  // read_completion has just read it
          return count(name, {record.at("size").get<std::uintmax_t>(), record.at("sha256").get<std::string>()});
        count(name, digest_of(path));
        if (own == records::config_file) read_config(path);
        if (known_.has_failed && is_claim(path)) records::read_sealed(path);
        std::string what;
        if (own == records::log_file && !rows.is_null())
          what = problem_of_log(path, records::read_metric_log(path), rows);
        if (what.empty()) what = difference(name);
        if (!what.empty()) throw records::Damaged(what);
        if (!audit_.is_covered && is_checkpoint(path)) records::read_state_image(path);
      });
    if (audit_.is_covered) compare_names(files);
    if (!rows.empty()) require_own_files(files);
    if (audit_.findings.empty()) audit_.now = std::move(now_);
  }

  // Of a file in the run's folder itself.
  std::string own_name(const fs::path& path) const {
    return path.parent_path() == folder_ ? path.filename().string() : std::string();
  }

  bool is_claim(const fs::path& path) const { return path.parent_path() == output_ / claims_folder / known_.id; }

  Remedy remedy_of(const fs::path& path) const {
    const bool is_kept = audit_.state == AuditedState::result || audit_.state == AuditedState::pruned;
    const bool is_in_folder = path.string().starts_with((folder_ / "").string());
    if (!is_in_folder) return is_kept ? Remedy::remove_or_take : Remedy::run_again;
    std::error_code error;
    const bool is_config = own_name(path) == records::config_file && audit_.state == AuditedState::result;
    return is_config && fs::exists(folder_ / records::log_file, error) ? Remedy::recover : Remedy::remove_run;
  }

  static void read_config(const fs::path& path) {
    try {
      records::read_current(path);
    } catch (const records::OtherSchema&) {  // not ours to judge
    }
  }

  void count(const std::string& name, FileDigest digest) {
    ++audit_.files;
    audit_.bytes += digest.size;
    now_.files[name] = std::move(digest);
  }

  // From what the manifest says of it; empty where there is none.
  std::string difference(const std::string& name) const {
    if (!audit_.is_covered) return {};
    const auto recorded = known_.manifest->files.find(name);
    if (recorded == known_.manifest->files.end()) return {};
    const FileDigest& found = now_.files.at(name);
    if (found.size != recorded->second.size)
      return fmt::format("damaged: {} bytes, {} recorded", found.size, recorded->second.size);
    return found.sha256 == recorded->second.sha256 ? "" : "damaged: it does not have the recorded SHA-256";
  }

  void compare_names(const FoundFiles& found) {
    for (const auto& [name, path] : found)
      if (!known_.manifest->files.contains(name))
        add_by_name(name, "unexpected: it was not there when the run ended", Remedy::move_away);
    for (const auto& [name, digest] : known_.manifest->files)
      if (!found.contains(name)) add_by_name(name, "missing", remedy_of(output_ / name));
  }

  // What each run has that vouches for rows. Where the manifest knows of it, that has been said.
  void require_own_files(const FoundFiles& found) {
    for (const char* file : {records::config_file, records::log_file}) {
      const std::string name = known_.id + "/" + file;
      const bool is_said = audit_.is_covered && known_.manifest->files.contains(name);
      if (!found.contains(name) && !is_said) add_by_name(name, "missing", remedy_of(output_ / name));
    }
  }

  const fs::path& output_;
  const KnownRun& known_;
  const fs::path folder_;
  RunFiles now_;
  RunAudit audit_;
};

}  // namespace

RunAudit audit_run(const fs::path& output, const KnownRun& known) {
  try {
    return Audit(output, known).run();
  } catch (const std::exception& error) {  // a folder that cannot be listed
    RunAudit audit;
    audit.findings.push_back({known.id, without_path(output / known.id, error.what()), Remedy::look_again, known.id});
    return audit;
  }
}

}  // namespace gradus::sweep
