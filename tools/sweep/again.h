// What was asked in a sweep's folder before, done again.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/sweep/verb.h"

namespace gradus::sweep {

// All of it, with further options of `sweep run`. Returns the exit code. Throws as SweepRequest::again and run_study.
int run_again(const std::filesystem::path& output, const std::vector<std::string>& options, CommandLine line);
// These of its runs alone, also if they have failed. Throws as SweepRequest::again and run_share.
int run_some_again(const std::filesystem::path& output, const std::vector<std::string>& options, CommandLine line,
                   const std::vector<std::string>& ids);
// One of them, as one of thousands that another program starts: it reads nothing of the others' for the manifest.
int run_one_again(const std::filesystem::path& output, const std::vector<std::string>& options, CommandLine line,
                  const std::string& id);

}  // namespace gradus::sweep
