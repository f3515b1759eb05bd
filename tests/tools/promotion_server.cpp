// The rules that stop runs early, for a program in another language that tries them: a request is a line of JSON on
// standard input, and so is the answer.
//   {"rule": "asha", "factor": 4, "contenders": [{"scores": [0.3, null], "averages": [], "sent": 2, "ended": false}]}
//   {"rule": "median" or "best", "contenders": [...]}     the number of the contender that goes on, or null
//   {"text": "rule=asha,...", "until": 4000}              its rungs until that step, or {"error": "..."}
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>

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

json answer(const json& request) {
  if (request.contains("text")) try {
      const StoppingRule rule = parse_stopping(request["text"].get<std::string>(), "rule");
      return {{"rungs", rule.rungs_until(request["until"].get<std::int64_t>())}, {"text", rule.text()}};
    } catch (const records::UsageError& error) {
      return {{"error", error.what()}};
    }
  std::vector<Contender> contenders;
  for (const json& one : request["contenders"])
    contenders.push_back({numbers_in(one["scores"]), numbers_in(one["averages"]), one["sent"].get<std::size_t>(),
                          one["ended"].get<bool>()});
  const std::string rule = request["rule"].get<std::string>();
  const auto chosen = rule == "asha"     ? asha_promotion(contenders, request["factor"].get<std::size_t>())
                      : rule == "median" ? median_promotion(contenders)
                                         : best_paused(contenders);
  return chosen ? json(*chosen) : json();
}

}  // namespace
}  // namespace gradus::sweep

int main() {
  for (std::string line; std::getline(std::cin, line);)
    std::cout << gradus::sweep::answer(nlohmann::json::parse(line)).dump() << std::endl;
}
