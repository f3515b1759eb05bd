#include "tools/sweep/contests.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "experiments/records/sealed.h"
#include "tools/sweep/command.h"

namespace gradus::sweep {

std::vector<Contest> contests_of(const char* rule, const std::vector<std::string>& per,
                                 const std::vector<std::string>& over, const std::vector<Combination>& combinations) {
  std::vector<Contest> contests;
  std::map<std::string, std::size_t> by_per;
  std::map<std::string, std::pair<std::size_t, std::size_t>> by_setting;
  for (std::size_t i = 0; i < combinations.size(); ++i) {
    std::vector<Choice> equal;
    nlohmann::json key = nlohmann::json::object(), setting = nlohmann::json::object();
    for (const Choice& choice : setting_of(combinations[i], over)) setting[choice.name] = choice.value.json;
    for (const std::string& name : per) {
      const OptionValue* value = combinations[i].find(name);
      if (value == nullptr)
        throw UsageError(
            fmt::format("{}: per {}: {} has no such option", rule, name, shell_text(combinations[i].arguments())));
      equal.push_back({name, *value});
      key[name] = value->json;
    }
    const std::string per_text = records::json_text(key), setting_text = per_text + records::json_text(setting);
    const auto [contest, fresh] = by_per.emplace(per_text, contests.size());
    if (fresh) contests.push_back({std::move(equal), {}});
    auto& settings = contests[contest->second].settings;
    const auto [place, first] = by_setting.emplace(setting_text, std::pair(contest->second, settings.size()));
    if (first) settings.emplace_back();
    settings[place->second.second].push_back(i);
  }
  return contests;
}

std::vector<Choice> setting_of(const Combination& combination, const std::vector<std::string>& over) {
  const bool is_fork_of_a_stage =
      std::ranges::find(combination.inherited, fork_step_option, &Choice::name) != combination.inherited.end();
  std::vector<Choice> setting;
  for (const std::vector<Choice>* list : {&combination.choices, &combination.inherited})
    for (const Choice& choice : *list)
      if (!(is_fork_of_a_stage && choice.name == fork_option) &&
          std::find(over.begin(), over.end(), choice.name) == over.end())
        setting.push_back(choice);
  return setting;
}

std::vector<std::string> texts_of(const std::vector<Choice>& choices) {
  std::vector<std::string> texts;
  for (const Choice& choice : choices) texts.push_back(fmt::format("{}={}", choice.name, choice.value.text));
  return texts;
}

}  // namespace gradus::sweep
