// The log of a run as a sweep reads it that stops early, and the places of steps in it.
#include <array>
#include <stdexcept>

#include "experiments/records/completion.h"
#include "tests/fuzz/reframe.h"
#include "tests/fuzz/repair.h"
#include "tests/fuzz/target.h"
#include "tools/sweep/rung_reader.h"

using namespace gradus;

namespace {

void take_marks(const std::filesystem::path& log) {
  std::array<records::LogMark, 4> marks{{{0}, {1}, {2}, {1000}}};
  const records::LogContents contents = records::read_metric_log(log, marks);
  bool passed = true;
  for (const records::LogMark& mark : marks) {
    fuzz::require(passed || !mark.passed, "what has passed a step has passed those before");
    passed = mark.passed;
    for (const records::MetricTable& table : contents.tables) {
      const std::int64_t rows = mark.rows.at(table.name());
      fuzz::require(rows >= 0 && rows <= table.rows(), "a place is in the table");
    }
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  return fuzz::mutate_and_repair(data, size, most, seed, fuzz::reframed);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::array rules = {sweep::parse_stopping("rule=asha,by=step/loss:best,first=1,factor=2,last=8", ""),
                                   sweep::parse_stopping("rule=asha,by=loss:mean,first=1,factor=2,last=8", ""),
                                   sweep::parse_stopping("rule=median,by=layers/state,every=1", "")};
  const std::filesystem::path folder = fuzz::scratch();
  const std::filesystem::path log = fuzz::file_with(fuzz::text_of(data, size), records::log_file);
  take_marks(log);
  bool some = false;
  for (const sweep::StoppingRule& rule : rules) {
    const auto has = [&](const auto& read) {
      some = fuzz::accepts<std::runtime_error>(
                 folder.string(),
                 [&] {
                   sweep::RungReader reader(rule);
                   const sweep::RungRecord record = read(reader);
                   fuzz::require(record.averages.empty() || record.averages.size() == record.scores.size(),
                                 "a rung has a score and an average");
                   for (const double score : record.scores) fuzz::check_message(reader.text_of(score), "");
                 }) ||
             some;
    };
    has([&](sweep::RungReader& reader) { return reader.paused(folder, 5); });
    for (const bool completed : {false, true})
      has([&](sweep::RungReader& reader) { return reader.ended(folder, completed); });
  }
  if (some) fuzz::refusal().clear();
  return 0;
}
