#include "experiments/records/recovery.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/log_contents.h"
#include "experiments/records/provenance.h"
#include "experiments/records/run_record.h"
#include "experiments/records/sealed.h"

namespace gradus::records {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::system_clock;

void add_note(std::string& notes, const std::string& note) { notes += (notes.empty() ? "" : "; ") + note; }

// config.json's, or that of the log: then the problem says why, and it is to be written again.
struct Configuration {
  nlohmann::json json;
  std::string problem;
};

Configuration configuration_in(const fs::path& folder, const LogContents& log) {
  const fs::path file = folder / config_file;
  std::string problem;
  try {
    nlohmann::json configuration = read_current(file);
    if (log.configuration.is_null() || log.configuration == configuration) return {std::move(configuration), ""};
    problem = file.string() + ": of another run than the log";
  } catch (const Damaged& error) {
    problem = error.what();
  } catch (const SystemError& error) {
    if (error.code != ENOENT) throw;
    problem = error.what();
  }
  if (log.configuration.is_null())
    throw std::runtime_error(
        fmt::format("{}, and {} does not begin with a configuration", problem, (folder / log_file).string()));
  return {log.configuration, problem};
}

// Nothing is made of a log that holds nothing, and nothing that says otherwise than a complete.json whose seal holds.
void refuse_a_contradiction(const fs::path& folder, const LogContents& log, const nlohmann::json& configuration,
                            const nlohmann::json& rows, const nlohmann::json& record) {
  const std::string path = (folder / log_file).string();
  if (record.is_object()) {
    const std::string file = (folder / completion_file).string();
    if (record.value("run_id", nlohmann::json()) != configuration.at("run_id"))
      throw std::runtime_error(fmt::format("{}: of another run than {}: nothing is recovered", file, path));
    if (const nlohmann::json told = record.value("rows", nlohmann::json()); told != rows)
      throw std::runtime_error(
          fmt::format("{}: holds the rows {}, where {} tells of {}: nothing is recovered unless that "
                      "file is removed",
                      path, json_text(rows), file, json_text(told)));
  }
  if (log.whole_bytes == 0)
    throw std::runtime_error(
        fmt::format("{}: holds nothing whole in {} bytes: nothing is recovered", path, log.torn_bytes));
}

Clock::time_point last_write_of(const fs::path& file) {
  std::error_code error;
  const auto time = fs::last_write_time(file, error);
  return error ? Clock::now() : std::chrono::time_point_cast<Clock::duration>(std::chrono::file_clock::to_sys(time));
}

std::string rewrite(const fs::path& folder, const Configuration& configuration) {
  write_file(folder / config_file, sealed_text(configuration.json));
  return configuration.problem + "; written again from the log";
}

// Of a run that is whole. Says what was wrong; empty where nothing was, or where the log is not the run's.
std::string mend_configuration(const fs::path& folder, const nlohmann::json& record) {
  const LogContents log = read_metric_log(folder / log_file);
  if (log.configuration.is_null() || text_member(log.configuration, "run_id") != text_member(record, "run_id"))
    return {};
  const Configuration configuration = configuration_in(folder, log);
  return configuration.problem.empty() ? std::string() : rewrite(folder, configuration);
}

// The folder's log is locked, or nobody writes it.
Recovery recover_from_log(const fs::path& folder, const Completion& found) {
  const fs::path log_path = folder / log_file;
  const auto ended = last_write_of(log_path);
  const LogContents log = read_metric_log(log_path);
  std::vector<const MetricTable*> tables;
  for (const MetricTable& table : log.tables) tables.push_back(&table);

  Recovery recovery;
  if (found.verdict == Verdict::damaged) add_note(recovery.note, found.problem);
  if (log.torn_bytes > 0)
    add_note(recovery.note, fmt::format("{}: torn or damaged after {} bytes, {} left out", log_path.string(),
                                        log.whole_bytes, log.torn_bytes));
  const Configuration known = configuration_in(folder, log);
  const nlohmann::json& configuration = known.json;
  try {
    refuse_a_contradiction(folder, log, configuration, rows_of(tables), found.record);
    nlohmann::json attributes = base_attributes(configuration);
    attributes.update(log.attributes);
    const auto started = parse_iso_time(configuration.at("environment").at("started"));
    Ending ending{std::string(name_of(Status::interrupted)),
                  fmt::format("ended without finishing; recovered from {}", log_file), iso_time(ended),
                  std::max(0.0, std::chrono::duration<double>(ended - started).count()), true};
    if (found.record.is_object()) {  // only run.h5 was damaged or lost
      ending.status = found.record.at("status");
      ending.reason = found.record.at("reason");
      ending.seconds = found.record.at("seconds");
    }
    if (!known.problem.empty()) add_note(recovery.note, rewrite(folder, known));
    recovery.record = write_completion(folder, tables, configuration, std::move(attributes), ending);
    return recovery;
  } catch (const nlohmann::json::exception&) {
  } catch (const std::invalid_argument&) {  // the time
  }
  throw std::runtime_error(fmt::format("{}: not the configuration of a run", (folder / config_file).string()));
}

}  // namespace

Recovery recover(const fs::path& folder) {
  const fs::path log_path = folder / log_file;
  std::optional<Descriptor> lock;
  std::string no_log;
  try {
    lock.emplace(log_path, O_RDONLY);
  } catch (const SystemError& error) {
    if (error.code != ENOENT) throw;
    no_log = error.what();
  }
  const Lock had = lock ? try_lock(lock->get(), log_path) : Lock::mine;
  if (had == Lock::others)
    throw std::runtime_error(fmt::format("{}: belongs to a run that is still running", log_path.string()));
  // Only now: the run may have come to its end until it let the lock go.
  const Completion found = read_completion(folder);
  if (found.verdict == Verdict::whole)
    return {found.record, lock ? mend_configuration(folder, found.record) : std::string()};
  if (found.verdict == Verdict::unreadable || found.verdict == Verdict::other_schema)
    throw std::runtime_error(found.problem);
  if (!lock) throw std::runtime_error(no_log);
  if (had == Lock::none)
    throw std::runtime_error(
        fmt::format("{}: cannot tell whether its run has ended: the file system has no locks", log_path.string()));

  return within_memory(folder, "cannot be recovered", [&] { return recover_from_log(folder, found); });
}

}  // namespace gradus::records
