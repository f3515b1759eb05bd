// What a program answers when it is asked what it is, and about runs: each line of the input is one of its answers.
#include "tools/sweep/answers.h"

#include "tests/fuzz/target.h"

using namespace gradus;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  const sweep::ProgramDescription description = sweep::description_in(text.substr(0, text.find('\n')));
  std::vector<sweep::Combination> combinations(2);
  for (const char* rate : {"0.1", "0.2"}) {
    sweep::Combination& combination = combinations[rate[2] == '1' ? 0 : 1];
    combination.choices = {{"learning_rate", sweep::make_value(rate)}};
    combination.controls = {"--checkpoint-at=5"};
  }
  sweep::RunAnswers answers(description, combinations);
  while (answers.next_line()) {
  }
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::size_t before = answers.answered();
    const bool taken = answers.take(text.substr(0, end));
    fuzz::require(taken == answers.problem().empty(), "a line that is no answer has a problem");
    fuzz::require(answers.answered() <= combinations.size(), "there are no more answers than runs");
    fuzz::require(answers.answered() <= before + 1, "a line answers one run");
    if (!taken) break;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!answers.problem().empty()) fuzz::check_message(fuzz::refusal() = answers.problem(), "line");
  if (const std::string refusal = answers.refusal(); !refusal.empty()) fuzz::check_message(refusal, "learning-rate");
  return 0;
}
