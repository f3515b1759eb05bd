// The rules that stop runs early, for a program in another language that tries them: a request is a line of JSON on
// standard input, and so is the answer.
//   {"rule": "asha", "factor": 4, "contenders": [{"scores": [0.3, null], "averages": [], "sent": 2, "ended": false}]}
//   {"rule": "median" or "best", "contenders": [...]}     the number of the contender that goes on, or null
//   {"rule": ..., "put": {"3": {...}}}                    the same after these have changed since the last request
//   {"search": "asha" or "median", "settings": 1000}      how many promotions a whole search takes, with random scores
//   {"text": "rule=asha,...", "until": 4000}              its rungs until that step, or {"error": "..."}
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>

#include "experiments/records/program.h"
#include "tools/sweep/promotion.h"
#include "tools/sweep/stopping_rule.h"

namespace gradus::sweep {
namespace {

using nlohmann::json;

std::vector<double> numbers_in(const json& list) {
  std::vector<double> numbers;
  for (const json& number : list)
    numbers.push_back(number.is_null() ? std::numeric_limits<double>::quiet_NaN() : number.get<double>());
  return numbers;
}

Contender contender_in(const json& one) {
  return {numbers_in(one["scores"]), numbers_in(one["averages"]), one["sent"].get<std::size_t>(),
          one["ended"].get<bool>()};
}

std::optional<std::size_t> chosen_by(const std::string& rule, std::size_t factor, const Ladder& ladder) {
  return rule == "asha"     ? ladder.asha_promotion(factor)
         : rule == "median" ? ladder.median_promotion()
                            : ladder.best_paused();
}

// Every setting goes to its first rung; after each what may go on does, to rungs without end.
json search(const std::string& rule, std::size_t settings) {
  Ladder ladder;
  std::vector<Contender> contenders(settings);
  std::mt19937_64 random(settings);
  std::uniform_real_distribution<double> score;
  std::size_t promotions = 0;
  const auto run = [&](std::size_t number) {
    Contender& one = contenders[number];
    one.sent = one.scores.size() + 1;
    ladder.put(number, one);
    one.scores.push_back(score(random));
    if (rule == "median") one.averages.push_back(score(random));
    ladder.put(number, one);
  };
  for (std::size_t number = 0; number < settings; ++number) {
    run(number);
    while (const auto chosen = chosen_by(rule, 4, ladder)) {
      run(*chosen);
      if (contenders[*chosen].scores.size() == 4) {
        contenders[*chosen].has_ended = true;
        ladder.put(*chosen, contenders[*chosen]);
      }
      ++promotions;
    }
  }
  return promotions;
}

json answer(const json& request, Ladder& ladder) {
  if (request.contains("text")) try {
      const StoppingRule rule = parse_stopping(request["text"].get<std::string>(), "rule");
      return {{"rungs", rule.rungs_until(request["until"].get<std::int64_t>())}, {"text", rule.text()}};
    } catch (const records::UsageError& error) {
      return {{"error", error.what()}};
    }
  if (request.contains("search"))
    return search(request["search"].get<std::string>(), request["settings"].get<std::size_t>());
  if (request.contains("contenders")) {
    ladder = Ladder();
    for (std::size_t i = 0; i < request["contenders"].size(); ++i)
      ladder.put(i, contender_in(request["contenders"][i]));
  } else {
    for (const auto& [number, one] : request["put"].items()) ladder.put(std::stoul(number), contender_in(one));
  }
  const auto chosen = chosen_by(request["rule"].get<std::string>(), request.value("factor", std::size_t{0}), ladder);
  return chosen ? json(*chosen) : json();
}

}  // namespace
}  // namespace gradus::sweep

int main() {
  gradus::sweep::Ladder ladder;
  for (std::string line; std::getline(std::cin, line);)
    std::cout << gradus::sweep::answer(nlohmann::json::parse(line), ladder).dump() << std::endl;
}
