#include "tools/sweep/toml_reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace gradus::sweep {

// toml++ sorts by name; runs follow the order in which the options were written.
std::vector<TomlEntry> in_order(const toml::table& table) {
  std::vector<TomlEntry> entries;
  for (auto&& [key, node] : table) entries.push_back({&key, &node});
  std::sort(entries.begin(), entries.end(), [](const TomlEntry& a, const TomlEntry& b) {
    const auto& x = a.key->source().begin;
    const auto& y = b.key->source().begin;
    return x.line != y.line ? x.line < y.line : x.column < y.column;
  });
  return entries;
}

std::string TomlReader::place(const toml::source_region& source) const {
  return fmt::format("{}:{}", path_.string(), source.begin.line);
}

void TomlReader::refuse(const toml::key& key, const std::string& what) const {
  throw UsageError(fmt::format("{}: {}", place(key.source()), what));
}

const toml::table& TomlReader::table_of(const TomlEntry& entry) const {
  if (!entry.node->is_table()) refuse(*entry.key, fmt::format("{0}: expected a table [{0}]", entry.key->str()));
  return *entry.node->as_table();
}

const toml::array* TomlReader::tables(const TomlEntry& entry) const {
  const toml::array* array = entry.node->as_array();
  if (array == nullptr || array->empty() ||
      !std::all_of(array->begin(), array->end(), [](const toml::node& node) { return node.is_table(); }))
    refuse(*entry.key, fmt::format("{0}: expected tables [[{0}]]", entry.key->str()));
  return array;
}

std::int64_t TomlReader::positive(const TomlEntry& entry) const {
  const auto* integer = entry.node->as_integer();
  if (integer == nullptr || integer->get() < 1)
    refuse(*entry.key, fmt::format("{}: expected an integer of at least 1", entry.key->str()));
  return integer->get();
}

std::string TomlReader::text(const TomlEntry& entry) const {
  if (!entry.node->is_string()) refuse(*entry.key, fmt::format("{}: expected a string", entry.key->str()));
  return entry.node->as_string()->get();
}

std::string TomlReader::name(const toml::key& key, std::string_view text) const {
  try {
    return canonical_name(text);
  } catch (const UsageError& error) {
    refuse(key, error.what());
  }
}

std::vector<std::string> TomlReader::names(const TomlEntry& entry) const {
  std::vector<std::string> list;
  const toml::array* array = entry.node->as_array();
  if (array == nullptr) refuse(*entry.key, fmt::format("{}: expected an array of options", entry.key->str()));
  for (const toml::node& node : *array) list.push_back(name(*entry.key, text({entry.key, &node})));
  return list;
}

std::vector<OptionValue> TomlReader::literal(const toml::node& node, const std::string& where) const {
  if (const auto* string = node.as_string()) return parse_element(string->get(), where);
  if (const auto* integer = node.as_integer()) return {make_value(fmt::format("{}", integer->get()))};
  if (const auto* real = node.as_floating_point()) return {make_value(fmt::format("{}", real->get()))};
  if (const auto* boolean = node.as_boolean()) return {make_value(boolean->get() ? "true" : "false")};
  throw UsageError(fmt::format("{}: expected a number, a string, a boolean, or an array of these", where));
}

Option TomlReader::option(const TomlEntry& entry) const {
  const std::string where = fmt::format("{}: option {}", place(entry.key->source()), entry.key->str());
  Option option{name(*entry.key, entry.key->str())};
  if (const auto* string = entry.node->as_string()) return parse_option(option.name, string->get(), where);
  if (const toml::array* array = entry.node->as_array()) {
    if (array->empty()) throw UsageError(fmt::format("{}: empty list of values", where));
    for (const toml::node& element : *array) append_bounded(option.values, literal(element, where), where);
  } else {
    option.values = literal(*entry.node, where);
  }
  return option;
}

void TomlReader::add(OptionList& options, const TomlEntry& entry) {
  options.push_back(option(entry));
  require_bounded(options, place(entry.key->source()));
  count(options.back().values.size());
  for (std::size_t i = 0; i + 1 < options.size(); ++i)
    if (options[i].name == options.back().name)
      refuse(*entry.key, fmt::format("option {}: given twice", entry.key->str()));
}

void TomlReader::count(std::size_t values) {
  listed_ += values;
  if (listed_ > max_listed)
    throw UsageError(fmt::format("{}: more than {} values in all its grids", path_.string(), max_listed));
}

OptionList TomlReader::options(const toml::table& table) {
  OptionList options;
  for (const TomlEntry& entry : in_order(table)) add(options, entry);
  return options;
}

StoppingRule TomlReader::stopping(const toml::table& table) const {
  StoppingText written;
  for (const TomlEntry& entry : in_order(table)) {
    const std::string where = place(entry.key->source()) + ": stopping";
    if (const toml::array* list = entry.node->as_array()) {
      if (*entry.key != "per" && *entry.key != "over")
        refuse(*entry.key, fmt::format("stopping: {}: expected one value", entry.key->str()));
      if (list->empty()) written.take(entry.key->str(), "", where);
      for (const std::string& name : names(entry)) written.take(entry.key->str(), name, where);
    } else if (const auto* number = entry.node->as_integer()) {
      written.take(entry.key->str(), fmt::to_string(number->get()), where);
    } else {
      written.take(entry.key->str(), text(entry), where);
    }
  }
  return written.rule(place(table.source()) + ": stopping");
}

}  // namespace gradus::sweep
