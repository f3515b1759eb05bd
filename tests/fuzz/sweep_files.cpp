// The sealed files of a sweep's folder: its table, its plan and what was asked, each of these bytes.
#include "tests/fuzz/repair.h"
#include "tests/fuzz/reseal.h"
#include "tests/fuzz/target.h"
#include "tools/sweep/asked.h"
#include "tools/sweep/planned.h"
#include "tools/sweep/table.h"

using namespace gradus;
using records::Damaged;
using records::OtherSchema;

namespace {

void require_same(const sweep::RunRow& a, const sweep::RunRow& b) {
  fuzz::require(a.id == b.id && a.options == b.options && a.effective == b.effective && a.status == b.status &&
                    a.exit_code == b.exit_code && a.reason == b.reason && a.stamp == b.stamp &&
                    a.config_hash == b.config_hash && a.stage == b.stage && a.build == b.build,
                "a row that is written is read again");
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  return fuzz::mutate_and_repair(data, size, most, seed, fuzz::resealed);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::filesystem::path& folder = fuzz::scratch();
  for (const char* name : {"sweep.json", "planned.json", "asked.json"})
    fuzz::file_with(fuzz::text_of(data, size), name);
  int read = 0;
  std::optional<sweep::Table> table;
  if (fuzz::accepts<Damaged, OtherSchema>("sweep.json", [&] { table = sweep::Table::read(folder); })) {
    ++read;
    table->write(folder);
    const std::optional<sweep::Table> again = sweep::Table::read(folder);
    fuzz::require(again->program == table->program && again->command == table->command &&
                      again->runs.size() == table->runs.size(),
                  "a table that is written is read again");
    for (std::size_t i = 0; i < table->runs.size(); ++i) require_same(table->runs[i], again->runs[i]);
  }
  sweep::Job job;
  job.output = folder;
  if (fuzz::accepts<Damaged, OtherSchema>("planned.json", [&] { sweep::take_plan(job, {}); })) {
    ++read;
    for (const sweep::Combination& combination : job.combinations)
      fuzz::require(
          !combination.id.empty() && combination.id[0] != '.' && combination.id.find('/') == std::string::npos,
          "a planned run has the name of a folder, not: " + combination.id);
  }
  sweep::Asked asked;
  if (fuzz::accepts<Damaged, OtherSchema>("asked.json", [&] { asked = sweep::Asked::read(folder); })) {
    ++read;
    asked.write(folder);
    const sweep::Asked again = sweep::Asked::read(folder);
    fuzz::require(again.directory == asked.directory && again.arguments == asked.arguments && again.file == asked.file,
                  "what was asked is read again");
  }
  if (read > 0) fuzz::refusal().clear();
  return 0;
}
