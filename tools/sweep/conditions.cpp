#include "tools/sweep/conditions.h"

#include <fmt/format.h>

#include <algorithm>

namespace gradus::sweep {

bool Condition::holds(const std::vector<Choice>& choices) const {
  return std::all_of(terms.begin(), terms.end(), [&](const Term& term) {
    const auto choice =
        std::find_if(choices.begin(), choices.end(), [&](const Choice& c) { return c.name == term.option; });
    return choice != choices.end() &&
           std::any_of(term.values.begin(), term.values.end(),
                       [&](const OptionValue& value) { return value.json == choice->value.json; });
  });
}

Condition parse_condition(std::string_view text, std::string where) {
  Condition condition{std::move(where), {}};
  std::vector<std::string> lists;  // of each term
  for (const std::string& part : split(text, ',')) {
    const std::size_t equals = part.find('=');
    if (equals != part.npos) {
      condition.terms.push_back({canonical_name(trim(std::string_view(part).substr(0, equals))), {}});
      lists.push_back(part.substr(equals + 1));
    } else if (lists.empty()) {
      throw UsageError(fmt::format("{}: '{}': expected OPTION=VALUE[,VALUE ...][,OPTION=...]", condition.where, text));
    } else {
      lists.back() += "," + part;
    }
  }
  for (std::size_t i = 0; i < lists.size(); ++i)
    condition.terms[i].values = parse_list(lists[i], fmt::format("{}: {}", condition.where, condition.terms[i].option));
  return condition;
}

Only parse_only(std::string_view text, std::string where) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos)
    throw UsageError(fmt::format("{}: '{}': expected OPTION[,OPTION ...]: OPTION=VALUE[,...]", where, text));
  Only only;
  for (const std::string& name : split(text.substr(0, colon), ',')) only.options.push_back(canonical_name(trim(name)));
  only.condition = parse_condition(text.substr(colon + 1), std::move(where));
  return only;
}

}  // namespace gradus::sweep
