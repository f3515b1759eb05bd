// What lies in a sweep's folder and is no part of it.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "tools/sweep/integrity/finding.h"

namespace gradus::sweep {

// At the top and among the logs; `ids` are all of its runs. While a sweep is at work, a folder may be a run's that
// nobody has been told of yet. Throws records::SystemError.
std::vector<Finding> unexpected_files(const std::filesystem::path& output, const std::set<std::string>& ids,
                                      bool at_work);

}  // namespace gradus::sweep
