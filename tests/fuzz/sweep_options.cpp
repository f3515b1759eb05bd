// Options, ranges, draws and conditions as a command line has them: a line is an argument.
#include <boost/algorithm/string/split.hpp>

#include "tests/fuzz/target.h"
#include "tools/sweep/combinations.h"
#include "tools/sweep/stopping_rule.h"

using namespace gradus;
using sweep::UsageError;

namespace {

void require_in_space(const sweep::Distribution& distribution) {
  for (const double u : {0.0, 0.25, 0.5, 1 - 0x1p-53}) {
    const sweep::OptionValue value = distribution.at(u);
    fuzz::require(distribution.may_be(value), "what is drawn is in the space, not: " + value.text);
  }
}

void take_line(std::string_view line) {
  std::optional<sweep::Distribution> drawn;
  fuzz::accepts<UsageError>("option", [&] { drawn = sweep::parse_distribution(line, "option"); });
  if (drawn) require_in_space(*drawn);
  fuzz::accepts<UsageError>("where", [&] { sweep::parse_list(line, "where"); });
  fuzz::accepts<UsageError>("", [&] { sweep::parse_condition(line, "where"); });
  fuzz::accepts<UsageError>("", [&] { sweep::parse_only(line, "where"); });
  fuzz::accepts<UsageError>("where", [&] {
    const sweep::StoppingRule rule = sweep::parse_stopping(line, "where");
    const std::string text = rule.text();
    fuzz::require(sweep::parse_stopping(text, "where").text() == text, "a rule that is written is read again: " + text);
    for (std::int64_t step = 0; step < 10'000; step += 999)
      if (const auto rung = rule.next_rung(step)) fuzz::require(*rung > step, "the next rung is later");
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> lines;
  const std::string text(fuzz::text_of(data, size));
  boost::algorithm::split(lines, text, [](char c) { return c == '\n'; });
  if (lines.back().empty()) lines.pop_back();
  for (const std::string& line : lines) take_line(line);

  // The first lines are a grid, what begins with --limit or the like a search over it.
  sweep::SearchOptions search;
  std::vector<std::string> arguments;
  for (const std::string& line : lines) {
    const std::size_t equals = std::min(line.find('='), line.size() - 1);
    const std::string name = line.substr(0, equals), value = line.substr(equals + 1);
    if (name == "zip")
      search.zips.push_back(value);
    else if (name == "only")
      search.only.push_back(value);
    else if (name == "exclude")
      search.exclude.push_back(value);
    else
      arguments.push_back(line);
  }
  sweep::Specification specification{"program", {{"", {{}}}}};
  fuzz::accepts<UsageError>("", [&] {
    fuzz::refusal().clear();
    specification.stages[0].grids[0].options = sweep::parse_arguments(arguments);
    sweep::apply(specification, search);
  });
  return 0;
}
