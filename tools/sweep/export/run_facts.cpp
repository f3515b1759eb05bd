#include "tools/sweep/export/run_facts.h"

#include <set>

namespace gradus::sweep {
namespace {

using nlohmann::json;
using records::RunFact;

template <class Call>
RunFact fact(std::string name, const char* units, const std::vector<ExportedRun>& runs, const Call& value_of) {
  RunFact found{std::move(name), units};
  for (const ExportedRun& run : runs) found.values.push_back(value_of(run));
  return found;
}

}  // namespace

std::vector<records::RunFact> facts_of(const std::vector<ExportedRun>& runs) {
  std::vector<RunFact> facts;
  facts.push_back(fact("run", "", runs, [](const ExportedRun& run) { return json(run.row.id); }));
  facts.push_back(fact("status", "", runs, [](const ExportedRun& run) { return json(run.row.status); }));
  facts.push_back(fact("stage", "", runs, [](const ExportedRun& run) { return json(run.row.stage); }));
  facts.push_back(fact("exit_code", "", runs,
                       [](const ExportedRun& run) { return run.row.exit_code ? json(*run.row.exit_code) : json(); }));
  facts.push_back(fact("reason", "", runs, [](const ExportedRun& run) { return json(run.row.reason); }));
  facts.push_back(fact("seconds", "s", runs, [](const ExportedRun& run) { return run.seconds; }));
  facts.push_back(fact("steps", "", runs, [](const ExportedRun& run) { return run.steps; }));
  std::set<std::string> options;
  for (const ExportedRun& run : runs)
    for (const auto& [name, value] : run.row.options.items()) options.insert(name);
  for (const std::string& name : options)
    facts.push_back(
        fact("option_" + name, "", runs, [&](const ExportedRun& run) { return run.row.options.value(name, json()); }));
  return facts;
}

}  // namespace gradus::sweep
