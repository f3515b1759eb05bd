#include "experiments/lab/recovery.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>

#include "experiments/lab/metric_log.h"
#include "experiments/lab/provenance.h"
#include "experiments/lab/run_record.h"
#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/sealed.h"

namespace gradus::lab {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::system_clock;

void add_note(std::string& notes, const std::string& note) { notes += (notes.empty() ? "" : "; ") + note; }

// config.json's, or that of the log, which is then written.
nlohmann::json configuration_in(const fs::path& folder, const LogContents& log, std::string& notes) {
  const fs::path file = folder / records::config_file;
  std::string problem;
  try {
    const nlohmann::json configuration = records::read_current(file);
    if (log.configuration.is_null() || log.configuration == configuration) return configuration;
    problem = file.string() + ": of another run than the log";
  } catch (const records::Damaged& error) {
    problem = error.what();
  } catch (const records::SystemError& error) {
    if (error.code != ENOENT) throw;
    problem = error.what();
  }
  if (log.configuration.is_null())
    throw std::runtime_error(
        fmt::format("{}, and {} does not begin with a configuration", problem, (folder / records::log_file).string()));
  records::write_file(file, records::sealed_text(log.configuration));
  add_note(notes, problem + "; written again from the log");
  return log.configuration;
}

Clock::time_point last_write_of(const fs::path& file) {
  std::error_code error;
  const auto time = fs::last_write_time(file, error);
  return error ? Clock::now()
               : std::chrono::time_point_cast<Clock::duration>(std::chrono::file_clock::to_sys(time));
}

}  // namespace

Recovery recover(const fs::path& folder) {
  const fs::path log_path = folder / records::log_file;
  std::optional<records::Descriptor> lock;
  std::string no_log;
  try {
    lock.emplace(log_path, O_RDONLY);
  } catch (const records::SystemError& error) {
    if (error.code != ENOENT) throw;
    no_log = error.what();
  }
  const records::Lock had = lock ? records::try_lock(lock->get(), log_path) : records::Lock::mine;
  if (had == records::Lock::others)
    throw std::runtime_error(log_path.string() + ": belongs to a run that is still running");
  // Only now: the run may have come to its end until it let the lock go.
  const records::Completion found = records::read_completion(folder);
  if (found.verdict == records::Verdict::whole) return {found.record, ""};
  if (found.verdict == records::Verdict::unreadable || found.verdict == records::Verdict::other_schema)
    throw std::runtime_error(found.problem);
  if (!lock) throw std::runtime_error(no_log);
  if (had == records::Lock::none)
    throw std::runtime_error(log_path.string() + ": cannot tell whether its run has ended: the file system has no locks");

  const auto ended = last_write_of(log_path);
  const LogContents log = read_metric_log(log_path);
  std::vector<const Table*> tables;
  for (const Table& table : log.tables) tables.push_back(&table);

  Recovery recovery;
  if (found.verdict == records::Verdict::damaged) add_note(recovery.note, found.problem);
  if (log.torn_bytes > 0)
    add_note(recovery.note, fmt::format("{}: torn or damaged after {} bytes, {} left out", log_path.string(),
                                        log.whole_bytes, log.torn_bytes));
  const nlohmann::json configuration = configuration_in(folder, log, recovery.note);
  const auto no_configuration = [&] {
    return std::runtime_error((folder / records::config_file).string() + ": not the configuration of a run");
  };
  try {
    nlohmann::json attributes = base_attributes(configuration);
    attributes.update(log.attributes);
    Ending ending{std::string(name_of(Status::interrupted)),
                  fmt::format("ended without finishing; recovered from {}", records::log_file), iso_time(ended), 0};
    if (const nlohmann::json& record = found.record;
        record.is_object() && record.at("run_id") == configuration.at("run_id") &&
        record.at("rows") == rows_of(tables)) {
      // Only run.h5 was damaged or lost.
      ending.status = record.at("status");
      ending.reason = record.at("reason");
      ending.seconds = record.at("seconds");
    } else {
      const auto started = parse_iso_time(configuration.at("environment").at("started"));
      ending.seconds = std::max(0.0, std::chrono::duration<double>(ended - started).count());
    }
    recovery.record = write_completion(folder, tables, configuration, std::move(attributes), ending);
  } catch (const nlohmann::json::exception&) {
    throw no_configuration();
  } catch (const std::invalid_argument&) {  // the time
    throw no_configuration();
  }
  return recovery;
}

}  // namespace gradus::lab
