// What a program suggests: the first line is a space as a specification has it, the second what is answered for it.
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "experiments/records/sealed.h"
#include "tests/fuzz/target.h"
#include "tools/sweep/suggestion.h"

using namespace gradus;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::optional<sweep::Distribution> space;
  if (!fuzz::accepts<sweep::UsageError>("space",
                                        [&] { space = sweep::parse_distribution(text.substr(0, end), "space"); }))
    return 0;
  fuzz::refusal() = "no space";
  if (!space) return 0;
  nlohmann::json told;
  const std::string_view answer = text.substr(std::min(end + 1, text.size()));
  if (!fuzz::accepts<std::invalid_argument>("", [&] { told = records::parse_json(answer); })) return 0;
  sweep::OptionValue value;
  const auto take = [&] { value = sweep::suggested_value(told, "rate", *space); };
  if (!fuzz::accepts<std::runtime_error>("suggests", take)) return 0;
  fuzz::refusal().clear();
  fuzz::require(space->may_be(value), "what is taken is in the space, not: " + value.text);
  fuzz::require(sweep::json_of(*space).contains("kind"), "a space says its kind");
  return 0;
}
