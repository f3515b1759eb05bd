// The frame of a state file, and the checkpoints of a folder. Bytes behind the frame go no further: they are HDF5's.
#include "experiments/records/state_image.h"
#include "experiments/records/checkpoint.h"
#include "experiments/records/files.h"
#include "tests/fuzz/repair.h"
#include "tests/fuzz/target.h"
#include "tests/support/files.h"

using namespace gradus;

namespace {

// The first line stays, and the digest is that of the rest.
std::string repaired(std::string bytes) {
  constexpr std::size_t digest = 32, digits = 64, block = 512;
  if (bytes.size() < block) bytes.resize(block, ' ');
  const std::size_t begin = digest + digits + 1, end = bytes.find('\n', begin);
  std::string label = end < block ? bytes.substr(begin, end - begin) : std::string();
  if (label.size() > 200) label.resize(200);
  if (label.find_first_not_of(' ') == label.npos) label.clear();
  return records::framed({label, bytes.substr(block)});
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  return fuzz::mutate_and_repair(data, size, most, seed, repaired);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::filesystem::path path = fuzz::file_with(fuzz::text_of(data, size), "checkpoint.0");
  const bool is_one = records::is_state_file(path);
  const records::CheckpointFiles found = records::checkpoints_in(fuzz::scratch());
  fuzz::require(found.whole.size() + found.problems.size() == 1, "one file is a checkpoint, or a problem");
  for (const std::string& problem : found.problems) fuzz::check_message(problem, path.string());
  records::StateImage image;
  if (!fuzz::accepts<std::runtime_error>(path.string(), [&] { image = records::read_state_image(path); })) return 0;
  fuzz::require(is_one, "what is read as a state file begins as one");
  fuzz::require(records::framed(image) == fuzz::text_of(data, size), "a state file written again is the same");
  fuzz::require(
      records::next_generation(fuzz::scratch()).filename() == (found.whole.empty() ? "checkpoint.0" : "checkpoint.1"),
      "what is whole is not replaced first");
  return 0;
}
