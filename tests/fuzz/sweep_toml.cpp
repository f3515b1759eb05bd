// A sweep's specification in TOML, and the combinations of a small one.
#include "tests/fuzz/target.h"
#include "tools/sweep/combinations.h"
#include "tools/sweep/toml_file.h"

using namespace gradus;
using sweep::UsageError;

namespace {

constexpr std::int64_t most_combinations = 2000;  // of a grid that is expanded: the rest is arithmetic

bool is_small(const sweep::Grid& grid) {
  std::int64_t product = grid.draws.count.value_or(1);
  const auto small_with = [&](const sweep::OptionList& options) {
    for (const sweep::Option& option : options) {
      if (product > most_combinations) return false;
      product *= std::max<std::int64_t>(1, std::ssize(option.values));
    }
    return product <= most_combinations;
  };
  if (!small_with(grid.options)) return false;
  for (const sweep::When& when : grid.whens)
    if (!small_with(when.options)) return false;
  return true;
}

void require_consistent(const sweep::Stage& stage) {
  for (const sweep::Grid& grid : stage.grids)
    if (!is_small(grid)) return;
  std::vector<sweep::Combination> combinations;
  if (!fuzz::accepts<UsageError>("", [&] { combinations = sweep::expand(stage); })) return;
  sweep::identify(combinations, "program");
  for (const sweep::Combination& combination : combinations) {
    fuzz::require(combination.id.size() == 12, "a combination has a digest");
    fuzz::accepts<UsageError>("", [&] { sweep::parse_arguments(combination.arguments()); });
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::filesystem::path path = fuzz::file_with(fuzz::text_of(data, size));
  std::string text;
  fuzz::require(fuzz::accepts<UsageError>(path.string(), [&] { text = sweep::read_toml(path); }), "a file is read");
  std::string refused;
  for (const char* variant : {"smoke", ""}) {
    if (*variant != '\0' && text.find("variant") == text.npos) continue;
    sweep::Specification specification;
    if (!fuzz::accepts<UsageError>(path.string(), [&] { specification = sweep::parse_toml(text, path, variant); })) {
      refused = fuzz::refusal();
      continue;
    }
    refused.clear();
    fuzz::require(!specification.program.empty() && !specification.stages.empty(), "there is something to run");
    for (const sweep::Stage& stage : specification.stages) require_consistent(stage);
  }
  fuzz::refusal() = refused;
  return 0;
}
