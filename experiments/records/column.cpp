#include "experiments/records/column.h"

#include <array>
#include <nlohmann/json.hpp>

#include "experiments/records/whole_number.h"

namespace gradus::records {
namespace {

constexpr std::array<std::string_view, 3> better_names{"neither", "lower", "higher"};
constexpr std::array<std::string_view, 4> draw_names{"line", "log", "flags", "none"};

template <class Value>
void keep(nlohmann::json& json, const char* name, const Value& value, const Value& usual) {
  if (value != usual) json[name] = value;
}

// The value of that name; the first of all where it is none of this Gradus'.
template <class Choice, std::size_t n>
Choice choice_of(const nlohmann::json& json, const char* member, const std::array<std::string_view, n>& names) {
  const std::string name = json.value(member, std::string(names[0]));
  for (std::size_t i = 0; i < n; ++i)
    if (names[i] == name) return static_cast<Choice>(i);
  return Choice{};
}

}  // namespace

std::string_view name_of(Better better) { return better_names[static_cast<std::size_t>(better)]; }
std::string_view name_of(Draw draw) { return draw_names[static_cast<std::size_t>(draw)]; }

nlohmann::json json_of(const Column& column) {
  const Column usual{};
  nlohmann::json json{{"name", column.name}, {"units", column.units}, {"long_name", column.long_name}};
  keep(json, "axis", column.axis, usual.axis);
  keep(json, "length", column.length, usual.length);
  keep(json, "single_precision", column.single_precision, usual.single_precision);
  keep(json, "better", name_of(column.better), name_of(usual.better));
  keep(json, "draw", name_of(column.draw), name_of(usual.draw));
  keep(json, "flags", column.flags, usual.flags);
  keep(json, "labels", column.labels, usual.labels);
  keep(json, "axis_units", column.axis_units, usual.axis_units);
  keep(json, "axis_long_name", column.axis_long_name, usual.axis_long_name);
  return json;
}

Column column_of(const nlohmann::json& json) {
  const Column usual{};
  return {.name = json.at("name"),
          .units = json.at("units"),
          .long_name = json.at("long_name"),
          .axis = json.value("axis", usual.axis),
          .length = whole_number<std::int64_t>(json, "length", usual.length),
          .single_precision = json.value("single_precision", usual.single_precision),
          .better = choice_of<Better>(json, "better", better_names),
          .draw = choice_of<Draw>(json, "draw", draw_names),
          .flags = json.value("flags", usual.flags),
          .labels = json.value("labels", usual.labels),
          .axis_units = json.value("axis_units", usual.axis_units),
          .axis_long_name = json.value("axis_long_name", usual.axis_long_name)};
}

}  // namespace gradus::records
