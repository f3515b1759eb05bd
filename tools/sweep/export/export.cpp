// sweep export: all runs of a sweep in one CSV file, one HDF5 file, or both.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiments/records/program.h"
#include "experiments/records/runs_file.h"
#include "experiments/records/table_survey.h"
#include "experiments/records/text.h"
#include "tools/sweep/command.h"
#include "tools/sweep/export/csv_export.h"
#include "tools/sweep/export/exported_runs.h"
#include "tools/sweep/export/run_facts.h"
#include "tools/sweep/verb.h"

namespace gradus::sweep {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct ExportRequest {
  std::string folder, csv, hdf5;
  std::vector<std::string> tables;
};

json last_step(const std::vector<records::MetricTable>& tables) {
  json last;
  for (const records::MetricTable& table : tables)
    if (table.index_column().name == "step" && table.rows() > 0)
      last = std::max(last.is_null() ? INT64_MIN : last.get<std::int64_t>(), table.index().back());
  return last;
}

// Every log is read twice, once to know what there is and once to copy it: no more than a block of runs is in memory.
class Export {
 public:
  explicit Export(const ExportRequest& request)
      : request_(request), exported_(runs_to_export(request.folder)), survey_(request.tables) {}

  int run() {
    look_at_all();
    const std::vector<records::RunFact> facts = facts_of(exported_.runs);
    std::optional<CsvExport> csv;
    std::optional<records::RunsFile> hdf5;
    if (!request_.csv.empty()) csv.emplace(request_.csv, facts, survey_);
    if (!request_.hdf5.empty()) hdf5.emplace(request_.hdf5, exported_.program, facts, survey_);
    for (ExportedRun& run : exported_.runs) {
      std::vector<records::MetricTable> tables = tables_of(run);
      if (csv) csv->add(tables);
      if (hdf5) hdf5->add(std::move(tables));
    }
    if (hdf5) hdf5->keep();  // it has the more to write, and fails first
    if (csv) csv->keep();
    tell(csv ? csv->left_out() : std::vector<std::string>());
    return problems_.empty() ? 0 : records::exit_failed;
  }

 private:
  void look_at_all() {
    for (ExportedRun& run : exported_.runs) {
      const records::LogContents log = log_of(run);
      if (const auto options = log.configuration.find("options");
          log.configuration.is_object() && options != log.configuration.end() && options->is_object())
        run.row.options = *options;
      run.steps = last_step(log.tables);
      survey_.add(log.tables);
    }
    survey_.settle();
  }

  // Of a run whose log is damaged, nothing.
  records::LogContents log_of(ExportedRun& run) {
    if (!run.has_tables) return {};
    try {
      return read_log_of(request_.folder, run.row.id);
    } catch (const std::runtime_error& error) {
      run.has_tables = false;
      problems_.push_back(fmt::format("{}; its tables are left out (sweep verify tells more)", error.what()));
      return {};
    }
  }

  std::vector<records::MetricTable> tables_of(ExportedRun& run) { return log_of(run).tables; }

  void tell(const std::vector<std::string>& left_out) const {
    complain_of_some("", problems_);
    if (!left_out.empty())
      records::complain("sweep", fmt::format("{}: vectors too long for a row of {}: in HDF5 alone",
                                             fmt::join(left_out, ", "), request_.csv));
    std::vector<std::string> names;
    for (const records::SurveyedTable& table : survey_.tables()) names.push_back(table.name());
    records::put(fmt::format("{} runs, tables: {}\n", exported_.runs.size(),
                             names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
  }

  const ExportRequest& request_;
  ExportedRuns exported_;
  records::Survey survey_;
  std::vector<std::string> problems_;
};

// The file that a path stands for, which is to be replaced as a whole: where a link leads. Throws UsageError for a
// device, a pipe or a folder.
std::string replaceable(const char* option, std::string path) {
  if (path.empty()) return path;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (error && status.type() == fs::file_type::none)
    throw records::SystemError(path, "cannot be looked at", error.value());
  if (fs::exists(status) && !fs::is_regular_file(status))
    throw records::UsageError(fmt::format("export: {}: {} is no regular file: expected one, or a new name", option,
                                          records::printable(path)));
  while (fs::is_symlink(fs::symlink_status(path, error))) {  // a loop of links has no status
    const fs::path target = fs::read_symlink(path, error);
    if (error) throw records::SystemError(path, "cannot be followed", error.value());
    path = (fs::path(path).parent_path() / target).string();
  }
  return path;
}

bool are_one_file(const std::string& a, const std::string& b) {
  std::error_code none;
  return !a.empty() && !b.empty() && fs::weakly_canonical(a, none) == fs::weakly_canonical(b, none);
}

}  // namespace

Verb export_verb(CLI::App& app) {
  CLI::App* verb = app.add_subcommand("export", "write all runs of a sweep into one CSV file, one HDF5 file, or both");
  auto request = std::make_shared<ExportRequest>();
  verb->add_option("folder", request->folder, "folder of the sweep")->required();
  verb->add_option("--csv", request->csv, "a row for each run: status, options, and the last row of each table");
  verb->add_option("--hdf5", request->hdf5, "the same, and all rows of all tables, along a dimension `run`");
  verb->add_option("--table", request->tables, "only these tables: NAME[,NAME ...]")->delimiter(',');
  verb->footer(
      "Runs that failed or are pending are there too, with their status. A file that is there is replaced as a whole.");
  return {verb, [request](const CommandLine&) {
            if (request->csv.empty() && request->hdf5.empty())
              throw records::UsageError("export: expected --csv=FILE, --hdf5=FILE, or both");
            request->csv = replaceable("--csv", request->csv);
            request->hdf5 = replaceable("--hdf5", request->hdf5);
            if (are_one_file(request->csv, request->hdf5))
              throw records::UsageError(
                  fmt::format("export: --csv and --hdf5: expected two files, not {} twice", request->csv));
            return Export(*request).run();
          }};
}

}  // namespace gradus::sweep
