// What `sweep run` is asked to do, as a command line says it.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/sweep/share.h"
#include "tools/sweep/study.h"
#include "tools/sweep/verb.h"

namespace gradus::sweep {

class SweepRequest {
 public:
  // Its options become those of the subcommand; the request must outlive its parsing.
  void add_to(CLI::App& app);
  enum class Which { all, planned };
  // Throws UsageError for what are no options of a sweep that has been begun, or none of runs that are planned already.
  static void refuse_others(const std::vector<std::string>& options, Which which);
  // And --dry-run.
  void add_dry_run(CLI::App& app);
  // What was asked in a sweep's folder before, with further options of `sweep run` after those of then. Changes the
  // current directory to that of then, where it still is. Throws UsageError.
  static std::unique_ptr<SweepRequest> again(const std::filesystem::path& output,
                                             const std::vector<std::string>& options, CommandLine& line);
  // The same, of what was asked; the current directory stays.
  static std::unique_ptr<SweepRequest> of(const Asked& asked, const std::filesystem::path& output,
                                          const std::vector<std::string>& options, CommandLine& line);
  void enter_directory() const;  // of then
  // Throws UsageError for what is no specification.
  Specification specification(const std::vector<std::string>& rest);
  // `specification` says which program. Throws UsageError.
  Job job(const Specification& specification, const CommandLine& line) const;
  // Of what is planned already (share.h).
  Job share(const CommandLine& line) const;
  StudyOptions options() const { return {jobs_, prints_ ? Purpose::print : Purpose::run, PlanFormat::text, widen_}; }
  ShareOptions share_options() const { return {jobs_, prints_, search_.stopping == "none"}; }

 private:
  void add_what(CLI::App& app);
  void add_how(CLI::App& app);

  std::string file_, output_, variant_, note_, tags_, study_, draw_method_;
  SearchOptions search_;
  std::optional<Asked> asked_before_, asked_now_;  // of a sweep that is begun: as its folder has it, and with more
  std::string file_text_;
  int jobs_ = 0;
  std::optional<double> time_limit_, memory_limit_;  // seconds, MiB
  bool retry_failed_ = true, widen_ = false, rebuild_ = false, mixed_ = false, prints_ = false;
  Job asked_;  // its flags
  LauncherOptions launcher_;
};

}  // namespace gradus::sweep
