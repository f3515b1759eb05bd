// The sealed files of a sweep's folder, each of these bytes: its table, its plan, what was asked, its manifest, and of
// runs handed to Slurm the arrays and what a task has left.
#include "tests/fuzz/repair.h"
#include "tests/fuzz/reseal.h"
#include "tests/fuzz/target.h"
#include "tools/sweep/asked.h"
#include "tools/sweep/integrity/manifest.h"
#include "tools/sweep/planned.h"
#include "tools/sweep/slurm/job_arrays.h"
#include "tools/sweep/slurm/task_end.h"
#include "tools/sweep/table.h"

using namespace gradus;
using records::Damaged;
using records::OtherSchema;

namespace {

void require_name(const std::string& name) {
  fuzz::require(!name.empty() && name[0] != '.' && name.find('/') == std::string::npos,
                "a name is that of a folder, not: " + name);
}

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
  std::filesystem::create_directory(folder / ".slurm");
  for (const char* name : {"sweep.json", "planned.json", "asked.json", "manifest.json", ".slurm/jobs.json", "0.left"})
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
  sweep::Job base;
  base.output = folder;
  std::vector<sweep::Job> jobs;
  if (fuzz::accepts<Damaged, OtherSchema>("planned.json", [&] { jobs = sweep::planned_jobs(base); })) {
    ++read;
    for (const sweep::Job& job : jobs)
      for (const sweep::Combination& combination : job.combinations) require_name(combination.id);
  }
  sweep::Job share = base;
  if (fuzz::accepts<Damaged, OtherSchema>("planned.json", [&] { take_share(share, folder / "planned.json"); })) {
    ++read;
    for (const sweep::Combination& combination : share.combinations) require_name(combination.id);
  }
  sweep::Asked asked;
  if (fuzz::accepts<Damaged, OtherSchema>("asked.json", [&] { asked = sweep::Asked::read(folder); })) {
    ++read;
    asked.write(folder);
    const sweep::Asked again = sweep::Asked::read(folder);
    fuzz::require(again.directory == asked.directory && again.arguments == asked.arguments && again.file == asked.file,
                  "what was asked is read again");
  }
  std::optional<sweep::Manifest> manifest;
  if (fuzz::accepts<Damaged, OtherSchema>("manifest.json", [&] { manifest = sweep::Manifest::read(folder); })) {
    ++read;
    manifest->write(folder);
    fuzz::require(sweep::Manifest::read(folder) == manifest, "a manifest that is written is read again");
  }
  std::vector<sweep::JobArray> arrays;
  if (fuzz::accepts<Damaged, OtherSchema>("jobs.json", [&] { arrays = sweep::JobArrays::read(folder); })) {
    ++read;
    for (const sweep::JobArray& array : arrays) require_name(array.name);
  }
  if (const auto end = sweep::TaskEnd::read(folder / "0.left")) {
    ++read;
    end->write(folder / "0.left");
    fuzz::require(sweep::TaskEnd::read(folder / "0.left") == end, "what a task has left is read again");
  }
  if (read > 0) fuzz::refusal().clear();
  return 0;
}
