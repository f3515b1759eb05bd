// What each run has logged of some columns, the last value or another statistic, also while it is at work.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tools/sweep/table.h"

namespace gradus::sweep {

class LastValues {
 public:
  // Reads the logs of the runs in a sweep's folder, unless no column is asked for. Columns are written as stages select
  // by them, TABLE/COLUMN[:STATISTIC]; throws UsageError for one that is not, that is of vectors, that does not say
  // which way is better where the statistic asks it, or that none of the logs has, naming those there are. A log that
  // cannot be read, or is damaged, is named on standard error, and its run has no values.
  LastValues(const std::filesystem::path& output, const std::vector<RunRow>& runs,
             const std::vector<std::string>& columns);

  // A run's values as texts in the order of the columns, "-" where it has logged none.
  const std::vector<std::string>& of(const std::string& run) const { return values_.at(run); }

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

}  // namespace gradus::sweep
