#include "tools/sweep/suggestion.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "experiments/records/sealed.h"
#include "experiments/records/text.h"

namespace gradus::sweep {
namespace {

using nlohmann::json;

std::optional<OptionValue> value_of(const json& told, const Distribution& distribution) {
  for (const OptionValue& one : distribution.alternatives)
    if (one.json == told) return one;
  if (distribution.kind == Distribution::Kind::choice || !told.is_number()) return std::nullopt;
  OptionValue value = make_value(records::json_text(told));
  if (!distribution.may_be(value)) return std::nullopt;
  return distribution.kind == Distribution::Kind::integer ? value : distribution.rounded(told.get<double>());
}

}  // namespace

json json_of(const Distribution& distribution) {
  switch (distribution.kind) {
    case Distribution::Kind::uniform:
      return {{"kind", "uniform"}, {"low", distribution.low}, {"high", distribution.high}};
    case Distribution::Kind::log_uniform:
      return {{"kind", "log_uniform"}, {"low", distribution.low}, {"high", distribution.high}};
    case Distribution::Kind::integer:
      return {{"kind", "integer"}, {"low", distribution.first}, {"high", distribution.last}};
    case Distribution::Kind::choice:
      break;
  }
  json values = json::array();
  for (const OptionValue& value : distribution.alternatives) values.push_back(value.json);
  return {{"kind", "choice"}, {"values", values}};
}

OptionValue suggested_value(const json& options, const std::string& option, const Distribution& distribution) {
  const bool is_there = options.is_object() && options.contains(option);
  if (is_there)
    if (std::optional<OptionValue> value = value_of(options[option], distribution)) return *std::move(value);
  throw std::runtime_error(
      records::one_line(fmt::format("suggests {} for {}, expected a value of {}",
                                    is_there ? records::printable(records::json_text(options[option])) : "nothing",
                                    option, records::json_text(json_of(distribution)))));
}

}  // namespace gradus::sweep
