#include "tools/sweep/integrity/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/log_contents.h"
#include "experiments/records/sealed.h"
#include "experiments/records/state_image.h"
#include "tools/sweep/integrity/found_files.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
using nlohmann::json;
using records::Verdict;

namespace {

// What is wrong with a log, whose run has so many rows in each table; empty where nothing is, or where it is no log of
// ours.
std::string problem_of_log(const fs::path& path, const json& rows) {
  if (!records::begins_a_log(records::read_beginning(path, records::log_beginning))) return {};
  const records::LogContents log = records::read_metric_log(path);
  if (log.torn_bytes > 0)
    return fmt::format("damaged: the frame at byte {} is not whole, {} bytes from there on", log.whole_bytes,
                       log.torn_bytes);
  for (const auto& [name, count] : rows.items()) {
    const auto table = std::find_if(log.tables.begin(), log.tables.end(),
                                    [&name = name](const records::MetricTable& one) { return one.name() == name; });
    const std::int64_t found = table == log.tables.end() ? 0 : table->rows();
    if (count != found)
      return fmt::format("damaged: {} rows of the table {}, {} recorded", found, name, records::json_text(count));
  }
  return {};
}

bool is_checkpoint(const fs::path& path) { return path.filename().string().starts_with("checkpoint."); }

class Audit {
 public:
  Audit(const fs::path& output, const KnownRun& known) : output_(output), known_(known), folder_(output / known.id) {}

  RunAudit run() {
    const records::Completion completion = records::read_completion(folder_);
    switch (completion.verdict) {
      case Verdict::whole:
        if (records::is_result(records::text_member(completion.record, "status")))
          audit_result(completion.record);
        else
          audit_unfinished();
        break;
      case Verdict::none:
        if (has_lost_its_record())
          lost();
        else
          audit_unfinished();
        break;
      case Verdict::damaged:
        audit_.state = RunState::result;
        if (!known_.is_at_work) damaged(completion);
        break;
      case Verdict::other_schema:
        audit_.state = RunState::other_schema;
        break;
      case Verdict::unreadable:
        add(records::completion_file, without_path(folder_ / records::completion_file, completion.problem),
            Remedy::look_again);
    }
    return std::move(audit_);
  }

 private:
  void add(const std::string& file, std::string what, Remedy remedy) {
    add_whole({known_.id + "/" + file, std::move(what), remedy, known_.id});
  }
  void add_whole(Finding finding) { audit_.findings.push_back(std::move(finding)); }

  // complete.json or run.h5.
  void damaged(const records::Completion& completion) {
    const bool sealed = !completion.record.is_null();
    const char* file = sealed ? records::run_file : records::completion_file;
    add(file, without_path(folder_ / file, completion.problem), Remedy::run_again);
  }

  // Another attempt begins with a configuration of its own.
  bool has_lost_its_record() const {
    if (known_.is_at_work) return false;
    if (known_.has_result) return true;
    if (known_.manifest == nullptr || known_.manifest->ending.size() < seal_digits) return false;
    const auto entry = known_.manifest->files.find(known_.id + "/" + records::config_file);
    try {
      return entry == known_.manifest->files.end() ||
             records::sha256_of_file(folder_ / records::config_file) == entry->second.sha256;
    } catch (const std::exception&) {
      return true;
    }
  }

  void lost() {
    std::error_code error;
    audit_.state = RunState::result;
    if (fs::exists(folder_, error))
      add(records::completion_file, "missing, and its run had come to its end", Remedy::run_again);
    else
      add_whole({known_.id, "missing, and this run had come to its end", Remedy::run_or_take, known_.id});
  }

  void audit_result(const json& record) {
    audit_.state = RunState::result;
    const std::string seal = records::seal_at_end(folder_ / records::completion_file);
    audit_.is_covered = known_.manifest != nullptr && known_.manifest->ending == seal;
    RunFiles now{seal, {}};
    const FoundFiles files = files_of_run(output_, known_.id, {});
    for (const auto& [name, path] : files) {
      const std::string own = path.parent_path() == folder_ ? path.filename().string() : std::string();
      if (own == records::run_file) {  // read_completion has just read it
        count(name, now, {record.at("size").get<std::uintmax_t>(), record.at("sha256").get<std::string>()});
        continue;
      }
      look_at(name, path, own, now, record.value("rows", json::object()));
    }
    compare_names(files);
    if (audit_.findings.empty()) audit_.now = std::move(now);
  }

  void look_at(const std::string& name, const fs::path& path, const std::string& own, RunFiles& now, const json& rows) {
    const auto look = [&] {
      count(name, now, digest_of(path));
      if (own == records::config_file) records::read_current(path);
      std::string what = own == records::log_file ? problem_of_log(path, rows) : "";
      if (what.empty()) what = difference(name, now);
      if (!what.empty()) throw records::Damaged(what);
      if (!audit_.is_covered && is_checkpoint(path)) records::read_state_image(path);
    };
    check(look, name, path, remedy_of(own, path));
  }

  template <class Call>
  void check(const Call& call, const std::string& name, const fs::path& path, Remedy remedy) {
    try {
      call();
    } catch (const records::SystemError& error) {
      add_whole({name, without_path(path, error.what()), Remedy::look_again, known_.id});
    } catch (const std::exception& error) {
      add_whole({name, without_path(path, error.what()), remedy, known_.id});
    }
  }

  Remedy remedy_of(const std::string& own, const fs::path& path) const {
    if (audit_.state == RunState::failed) return Remedy::run_again;
    std::error_code error;
    if (own == records::config_file && fs::exists(folder_ / records::log_file, error)) return Remedy::recover;
    return path.parent_path() == folder_ ? Remedy::remove_run : Remedy::remove_or_take;
  }

  void count(const std::string& name, RunFiles& now, FileDigest digest) {
    ++audit_.files;
    audit_.bytes += digest.size;
    now.files[name] = std::move(digest);
  }

  // From what the manifest says of it; empty where there is none.
  std::string difference(const std::string& name, const RunFiles& now) const {
    if (!audit_.is_covered) return {};
    const auto recorded = known_.manifest->files.find(name);
    if (recorded == known_.manifest->files.end()) return {};
    const FileDigest& found = now.files.at(name);
    if (found.size != recorded->second.size)
      return fmt::format("damaged: {} bytes, {} recorded", found.size, recorded->second.size);
    return found.sha256 == recorded->second.sha256 ? "" : "damaged: it does not have the recorded SHA-256";
  }

  void compare_names(const FoundFiles& found) {
    if (!audit_.is_covered) return;
    for (const auto& [name, path] : found)
      if (!known_.manifest->files.contains(name))
        add_whole({name, "unexpected: it was not there when the run ended", Remedy::move_away, known_.id});
    for (const auto& [name, digest] : known_.manifest->files)
      if (!found.contains(name)) {
        const fs::path path = output_ / name;
        const std::string own = path.parent_path() == folder_ ? path.filename().string() : std::string();
        add_whole({name, "missing", remedy_of(own, path), known_.id});
      }
  }

  // A claim that is damaged does not tell that it is one of a failure.
  bool has_failed() const {
    if (known_.has_failed) return true;
    return known_.manifest != nullptr && known_.manifest->ending == failed_ending(last_claim(output_, known_.id));
  }

  void audit_unfinished() {
    std::error_code error;
    const fs::path config = folder_ / records::config_file;
    if (known_.is_at_work) return;
    if (has_failed()) return audit_failed();
    if (!fs::exists(config, error)) {
      audit_.state = RunState::no_run;
      return;
    }
    const auto read_config = [&] {
      try {
        records::read_current(config);
      } catch (const records::OtherSchema&) {
        audit_.state = RunState::other_schema;
      }
    };
    check(read_config, known_.id + "/" + records::config_file, config, Remedy::run_again);
    for (const auto& [name, path] : files_below(output_, known_.id))  // what it is to go on from
      if (is_checkpoint(path)) check([&] { records::read_state_image(path); }, name, path, Remedy::run_again);
  }

  void audit_failed() {
    audit_.state = RunState::failed;
    const auto claim = last_claim(output_, known_.id);
    if (!claim) return;
    RunFiles now{failed_ending(claim), {}};
    audit_.is_covered = known_.manifest != nullptr && known_.manifest->ending == now.ending;
    const FoundFiles files = files_of_run(output_, known_.id, claim);
    for (const auto& [name, path] : files) look_at(name, path, {}, now, {});
    compare_names(files);
    if (audit_.findings.empty()) audit_.now = std::move(now);
  }

  static constexpr std::size_t seal_digits = 64;
  const fs::path& output_;
  const KnownRun& known_;
  const fs::path folder_;
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
