#include "tools/sweep/toml_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <stdexcept>

#include "experiments/records/files.h"

namespace gradus::sweep {
namespace {

constexpr std::size_t largest_file = 16 << 20;  // bytes

std::string place(const std::filesystem::path& path, const toml::source_region& source) {
  return fmt::format("{}:{}", path.string(), source.begin.line);
}

std::vector<OptionValue> scalar(const toml::node& node, bool splits_at_commas, const std::string& where) {
  if (const auto* text = node.as_string())
    return splits_at_commas ? parse_list(text->get(), where) : parse_element(text->get(), where);
  if (const auto* integer = node.as_integer()) return {make_value(fmt::format("{}", integer->get()))};
  if (const auto* real = node.as_floating_point()) return {make_value(fmt::format("{}", real->get()))};
  if (const auto* boolean = node.as_boolean()) return {make_value(boolean->get() ? "true" : "false")};
  throw UsageError(fmt::format("{}: expected a number, a string, a boolean, or an array of these", where));
}

Grid parse_options(const toml::table& table, const std::filesystem::path& path) {
  struct Entry {
    const toml::key* key;
    const toml::node* node;
  };
  std::vector<Entry> entries;
  for (auto&& [key, node] : table) entries.push_back({&key, &node});
  // toml++ sorts by name; runs follow the order in which the options were written.
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    const auto& x = a.key->source().begin;
    const auto& y = b.key->source().begin;
    return x.line != y.line ? x.line < y.line : x.column < y.column;
  });
  Grid grid;
  for (const Entry& entry : entries) {
    const std::string at = place(path, entry.key->source());
    const std::string where = fmt::format("{}: option {}", at, entry.key->str());
    Option option;
    try {
      option.name = canonical_name(entry.key->str());
    } catch (const UsageError& error) {
      throw UsageError(fmt::format("{}: {}", at, error.what()));
    }
    if (const auto* array = entry.node->as_array()) {
      if (array->empty()) throw UsageError(fmt::format("{}: empty list of values", where));
      for (const toml::node& element : *array)
        for (OptionValue& value : scalar(element, false, where)) option.values.push_back(std::move(value));
    } else {
      option.values = scalar(*entry.node, true, where);
    }
    for (const Option& earlier : grid)
      if (earlier.name == option.name) throw UsageError(fmt::format("{}: given twice", where));
    grid.push_back(std::move(option));
  }
  return grid;
}

}  // namespace

Specification load_toml(const std::filesystem::path& path) {
  std::string text;
  try {
    text = records::read_file(path, largest_file);
  } catch (const std::runtime_error& error) {
    throw UsageError(fmt::format("{}; expected a sweep's specification in TOML", error.what()));
  }
  toml::table table;
  try {
    table = toml::parse(text, path.string());
  } catch (const toml::parse_error& error) {
    throw UsageError(fmt::format("{}: {}", place(path, error.source()), error.description()));
  }

  Specification specification;
  Grid common;
  const toml::array* groups = nullptr;
  for (auto&& [key, node] : table) {
    const std::string at = place(path, key.source());
    if (key == "program") {
      specification.program = node.value_or(std::string());
      if (!node.is_string() || specification.program.empty())
        throw UsageError(fmt::format("{}: program: expected a string, the program's name or path", at));
    } else if (key == "options") {
      if (!node.is_table()) throw UsageError(fmt::format("{}: options: expected a table [options]", at));
      common = parse_options(*node.as_table(), path);
    } else if (key == "group") {
      groups = node.as_array();
      if (groups == nullptr || !std::all_of(groups->begin(), groups->end(), [](auto& g) { return g.is_table(); }))
        throw UsageError(fmt::format("{}: group: expected tables [[group]]", at));
    } else {
      throw UsageError(fmt::format("{}: unknown key '{}': expected program, [options], [[group]]", at, key.str()));
    }
  }
  if (specification.program.empty())
    throw UsageError(fmt::format("{}: program is missing: expected program = \"name\"", path.string()));

  if (groups == nullptr || groups->empty()) {
    specification.grids.push_back(std::move(common));
    return specification;
  }
  for (const toml::node& group : *groups) {
    Grid grid = common;
    override_options(grid, parse_options(*group.as_table(), path));
    specification.grids.push_back(std::move(grid));
  }
  return specification;
}

}  // namespace gradus::sweep
