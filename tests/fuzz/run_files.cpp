// What a folder says of its run: complete.json and config.json, each of these bytes, beside a run.h5.
#include <nlohmann/json.hpp>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/output.h"
#include "tests/fuzz/repair.h"
#include "tests/fuzz/reseal.h"
#include "tests/fuzz/target.h"
#include "tools/sweep/inventory.h"

using namespace gradus;

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  return fuzz::mutate_and_repair(data, size, most, seed, fuzz::resealed);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::filesystem::path folder = fuzz::scratch() / "run", results = folder / records::run_file;
  std::filesystem::create_directory(folder);
  if (!std::filesystem::exists(results)) fuzz::file_with("results\n", "run/" + std::string(records::run_file));
  fuzz::file_with(fuzz::text_of(data, size), "run/" + std::string(records::completion_file));
  fuzz::file_with(fuzz::text_of(data, size), "run/" + std::string(records::config_file));
  const records::Completion found = records::read_completion(folder);
  if (found.verdict == records::Verdict::whole)
    fuzz::require(found.problem.empty() && !found.stamp.empty(), "a whole run has a stamp and no problem");
  else
    fuzz::check_message(fuzz::refusal() = found.problem, folder.string());
  sweep::RunRow row;
  row.id = "run";
  const sweep::RunRecord record = sweep::read_record(folder, &row);
  fuzz::require(record.verdict == found.verdict, "a sweep sees in a folder what is there");
  sweep::tell(row, record);
  std::filesystem::remove(folder / records::completion_file);
  sweep::tell(row, sweep::read_record(folder));
  fuzz::accepts<std::runtime_error>(folder.string(), [&] { records::Output(folder, true); });
  if (found.verdict == records::Verdict::whole) fuzz::refusal().clear();
  return 0;
}
