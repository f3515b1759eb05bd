// Which combinations have an option at all, and which are left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/sweep/values.h"

namespace gradus::sweep {

// Holds for a combination in which each of these options has one of its values.
struct Condition {
  std::string where;  // begins a message about it
  struct Term {
    std::string option;
    std::vector<OptionValue> values;
  };
  std::vector<Term> terms;

  bool holds(const std::vector<Choice>& choices) const;
};

// `optimizer=sgd,adam,learning_rate=1.0`: optimizer is one of two, and the rate is 1. Throws UsageError.
Condition parse_condition(std::string_view text, std::string where);

// `momentum,nesterov: optimizer=sgd`: these options only where the condition holds.
struct Only {
  std::vector<std::string> options;
  Condition condition;
};
Only parse_only(std::string_view text, std::string where);

}  // namespace gradus::sweep
