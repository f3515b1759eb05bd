// What lies in a sweep's folder: what each run's own folder says of it, helped by the cache beside them.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "experiments/records/completion.h"
#include "tools/sweep/claim.h"
#include "tools/sweep/layout.h"
#include "tools/sweep/table.h"

namespace gradus::sweep {

// What a folder says, in the words of its own sealed records.
struct RunRecord {
  records::Verdict verdict = records::Verdict::none;
  std::string stamp;           // of a whole run whose config.json is in order
  std::string status, reason;  // of a whole run, as recorded
  std::string program, config_hash, build;
  double seconds = 0;          // of a whole run: what it took
  nlohmann::json options;      // with defaults; null where no record tells, or the cache knows those that were given
  std::string problem;         // unless the run is whole
  std::string config_problem;  // of a whole run whose config.json is damaged or cannot be read now; not used
  bool is_result() const { return verdict == records::Verdict::whole && records::is_result(status); }
};

// `known` is the cache's row of the run: while the files are those of its stamp, they are not read, and what only they
// tell stays empty. Never throws.
RunRecord read_record(const std::filesystem::path& folder, const RunRow* known = nullptr);

struct Inventory {
  std::optional<Table> cache;
  std::string cache_problem;  // why the cache does not count; it is made anew then
  std::map<std::string, RunRecord> records;
  std::set<std::string> rebuilds;           // runs that have a folder ID.rebuild beside them, or without them
  std::map<std::string, Failure> failures;  // how the last attempt on a run ended that left no result
  std::set<std::string> aside;              // runs of which an earlier folder lies aside (records::finish_replacement)

  const RunRow* cached(const std::string& id) const;
  // Brings a row up to what the run's own folder and its last attempt say.
  void tell(RunRow& row) const;
  // A line for each whole run whose config.json is not as it was written.
  std::vector<std::string> notes() const;
  // All runs of the folder but these: the cache's in its order, then those that only the folders know. As the folders
  // say.
  std::vector<RunRow> rows(const std::unordered_set<std::string>& besides = {}) const;

 private:
  friend Inventory take_inventory(const std::filesystem::path&, const std::function<void()>&);
  std::map<std::string, std::size_t> row_numbers_;
};

// `pause` is called between two folders and may throw. Throws records::SystemError where OUTPUT or its sweep.json
// cannot be read now; a folder that is not there is an empty inventory.
Inventory take_inventory(const std::filesystem::path& output, const std::function<void()>& pause);

// Of these runs alone, without the cache. Throws records::SystemError.
Inventory take_inventory_of(const std::filesystem::path& output, const std::vector<std::string>& ids);

// Brings a row up to what its folder says.
void tell(RunRow& row, const RunRecord& record);

}  // namespace gradus::sweep
