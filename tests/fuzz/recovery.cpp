// The log of a run that was killed, made into its results.
#include "experiments/records/recovery.h"

#include "experiments/records/completion.h"
#include "tests/fuzz/reframe.h"
#include "tests/fuzz/repair.h"
#include "tests/fuzz/target.h"

using namespace gradus;

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  return fuzz::mutate_and_repair(data, size, most, seed, fuzz::reframed);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::filesystem::path folder = fuzz::scratch() / "run";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  const std::string name = "run/" + std::string(records::log_file);
  fuzz::file_with(fuzz::text_of(data, size), name);
  if (!fuzz::accepts<std::runtime_error>(folder.string(), [&] { records::recover(folder); })) return 0;
  const records::Completion made = records::read_completion(folder);
  fuzz::require(made.verdict == records::Verdict::whole, "what was recovered is whole, not: " + made.problem);
  fuzz::require(records::recover(folder).record == made.record, "a second recovery changes nothing");
  return 0;
}
