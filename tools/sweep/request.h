// What `sweep run` is asked to do, as a command line says it.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tools/sweep/study.h"
#include "tools/sweep/verb.h"

namespace gradus::sweep {

class Request {
 public:
  // Its options become those of the subcommand; the request must outlive its parsing.
  void add_to(CLI::App& app);
  // Whether no file is named, and the program stands after `--`.
  bool has_file() const { return !file_.empty(); }
  // Throws UsageError for what is no specification.
  Specification specification(const std::vector<std::string>& rest) const;
  // `specification` says which program. Throws UsageError.
  Job job(const Specification& specification, const CommandLine& line) const;
  StudyOptions options() const { return {jobs_, false, widen_}; }

 private:
  std::string file_, output_, variant_, note_, tags_, study_, draw_method_;
  SearchOptions search_;
  int jobs_ = 0;
  std::optional<double> time_limit_, memory_limit_;  // seconds, MiB
  bool widen_ = false, rebuild_ = false, mixed_ = false;
  Job asked_;  // its flags
};

}  // namespace gradus::sweep
