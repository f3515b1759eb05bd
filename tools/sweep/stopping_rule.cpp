#include "tools/sweep/stopping_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "settings/parse.h"
#include "tools/sweep/values.h"

namespace gradus::sweep {
namespace {

using Kind = StoppingRule::Kind;

constexpr std::int64_t furthest = std::numeric_limits<std::int64_t>::max() / 4;  // of steps, so that sums stay numbers
constexpr const char* keys = "rule, by, first, factor, last, every, after, per or over";

std::int64_t steps_in(std::string_view text, std::string_view key, std::int64_t least, const std::string& where) {
  const auto number = settings::number_in<std::int64_t>(text);
  if (!number || *number < least)
    throw UsageError(fmt::format("{}: {}: '{}' is no integer of at least {}", where, key, text, least));
  return *number;
}

}  // namespace

std::optional<std::int64_t> StoppingRule::next_rung(std::int64_t step) const {
  if (step > furthest) return std::nullopt;
  std::int64_t rung = first;
  if (kind == Kind::median) {
    rung = std::max(after, (step / every + 1) * every);
    rung = (rung + every - 1) / every * every;
  }
  while (kind == Kind::asha && rung <= step && rung < *last) rung *= factor;
  if (last && rung >= *last) return std::nullopt;
  return rung;
}

std::vector<std::int64_t> StoppingRule::rungs_until(std::int64_t step, std::size_t most) const {
  std::vector<std::int64_t> rungs;
  for (auto rung = next_rung(0); rung && *rung <= step && rungs.size() < most; rung = next_rung(*rung))
    rungs.push_back(*rung);
  return rungs;
}

std::string StoppingRule::text() const {
  std::string text = fmt::format("rule={},by={}{}{}", kind == Kind::asha ? "asha" : "median", by.table,
                                 by.table.empty() ? "" : "/", by.column);
  if (kind == Kind::asha)
    text += fmt::format(":{},first={},factor={}", by.statistic, first, factor);
  else
    text += fmt::format(",every={},after={}", every, after);
  if (last) text += fmt::format(",last={}", *last);
  for (const std::string& name : per) text += ",per=" + name;
  for (const std::string& name : over) text += ",over=" + name;
  return text;
}

void StoppingText::take(std::string_view key, std::string_view value, const std::string& where) {
  if (key == "rule") {
    if (value != "asha" && value != "median")
      throw UsageError(fmt::format("{}: rule: '{}', expected asha or median", where, value));
    rule_.kind = value == "asha" ? Kind::asha : Kind::median;
    has_kind_ = true;
  } else if (key == "by") {
    const auto metric = parse_metric(value);
    if (!metric || metric->is_time())
      throw UsageError(fmt::format("{}: by: expected [TABLE/]COLUMN[:last|best|mean]", where));
    rule_.by = *metric;
    has_statistic_ = value.find(':') != value.npos;
  } else if (key == "first") {
    rule_.first = steps_in(value, key, 1, where);
  } else if (key == "factor") {
    rule_.factor = steps_in(value, key, 2, where);
  } else if (key == "last") {
    rule_.last = steps_in(value, key, 1, where);
  } else if (key == "every") {
    rule_.every = steps_in(value, key, 1, where);
  } else if (key == "after") {
    rule_.after = steps_in(value, key, 1, where);
  } else if (key == "per" || key == "over") {
    std::vector<std::string>& names = key == "per" ? rule_.per : rule_.over;
    bool& said = key == "per" ? rule_.says_per : rule_.says_over;
    if (!said) names.clear();
    said = true;
    if (!value.empty()) names.push_back(canonical_name(value));
  } else {
    throw UsageError(fmt::format("{}: unknown key '{}': expected {}", where, key, keys));
  }
}

StoppingRule StoppingText::rule(const std::string& where) const {
  const auto require = [&](bool holds, const char* expected) {
    if (!holds) throw UsageError(fmt::format("{}: expected {}", where, expected));
  };
  require(has_kind_, "rule = \"asha\" or \"median\"");
  require(!rule_.by.column.empty(), "by = \"TABLE/COLUMN\"");
  StoppingRule rule = rule_;
  if (rule.kind == Kind::asha) {
    require(rule.first > 0 && rule.factor > 0 && rule.last,
            "first, factor and last of asha: rungs at first, first * factor, ... below last");
    require(rule.every == 0 && rule.after == 0, "first, factor and last of asha, not every and after");
    require(rule.first < *rule.last, "first to be less than last: otherwise no run ever pauses");
    require(*rule.last <= std::numeric_limits<std::int64_t>::max() / rule.factor, "last and factor to be smaller");
    return rule;
  }
  require(rule.every > 0, "every of median: the steps between two rungs");
  require(rule.first == 0 && rule.factor == 0, "every, after and last of median, not first and factor");
  require(!has_statistic_, "by of median without a statistic: it compares the best with means");
  if (rule.after == 0) rule.after = rule.every;
  require(rule.after <= furthest && rule.every <= furthest, "every and after to be smaller");
  require(!rule.last || rule.next_rung(0), "every and after to be less than last: otherwise no run ever pauses");
  return rule;
}

StoppingRule parse_stopping(std::string_view text, const std::string& where) {
  StoppingText written;
  for (const std::string& part : split(text, ',')) {
    const std::size_t equals = part.find('=');
    if (equals == part.npos) throw UsageError(fmt::format("{}: '{}', expected KEY=VALUE,...", where, part));
    written.take(trim(std::string_view(part).substr(0, equals)), trim(std::string_view(part).substr(equals + 1)),
                 where);
  }
  return written.rule(where);
}

}  // namespace gradus::sweep
