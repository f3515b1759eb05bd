#include "tools/sweep/variants.h"

#include <fmt/format.h>

#include "tools/sweep/values.h"

namespace gradus::sweep {
namespace {

void merge(toml::table& onto, const toml::table& changes);

// [variant.NAME.stage.STAGE]: stages lie in an array, in their order, and are found by their names.
void merge_stages(toml::table& specification, const toml::table& changes, const std::string& where) {
  toml::array* stages = specification["stage"].as_array();
  for (const auto& [name, change] : changes) {
    toml::table* found = nullptr;
    std::string known;
    for (std::size_t i = 0; stages != nullptr && i < stages->size(); ++i) {
      toml::table* stage = stages->get(i)->as_table();
      const std::string its = stage == nullptr ? "" : (*stage)["name"].value_or(std::string());
      known += (known.empty() ? "" : ", ") + its;
      if (its == name.str()) found = stage;
    }
    if (found == nullptr)
      throw UsageError(fmt::format("{}: no stage {}: expected {}", where, name.str(),
                                   known.empty() ? "none, the file has no stages" : known));
    if (!change.is_table()) throw UsageError(fmt::format("{}.{}: expected a table", where, name.str()));
    merge(*found, *change.as_table());
  }
}

void merge(toml::table& onto, const toml::table& changes) {
  for (const auto& [key, change] : changes) {
    toml::table* there = onto[key.str()].as_table();
    if (there != nullptr && change.is_table())
      merge(*there, *change.as_table());
    else
      onto.insert_or_assign(key, change);
  }
}

}  // namespace

toml::table with_variant(toml::table specification, const std::string& name, const std::filesystem::path& path) {
  const toml::node* there = specification.get("variant");
  if (there != nullptr && !there->is_table())
    throw UsageError(fmt::format("{}: variant: expected tables, as [variant.smoke.options]", path.string()));
  const toml::table variants = there == nullptr ? toml::table() : *there->as_table();
  specification.erase("variant");
  std::string known;
  for (const auto& [key, variant] : variants) {
    if (!variant.is_table())
      throw UsageError(fmt::format("{}: variant.{}: expected a table", path.string(), key.str()));
    known += (known.empty() ? "" : ", ") + std::string(key.str());
  }
  if (name.empty()) return specification;
  const toml::table* chosen = variants[name].as_table();
  if (chosen == nullptr)
    throw UsageError(fmt::format("{}: no variant {}: expected {}", path.string(), name,
                                 known.empty() ? "none, the file has no variants" : known));
  toml::table changes = *chosen;
  if (const toml::table* stages = changes["stage"].as_table()) {
    merge_stages(specification, *stages, fmt::format("{}: variant.{}.stage", path.string(), name));
    changes.erase("stage");
  }
  merge(specification, changes);
  return specification;
}

}  // namespace gradus::sweep
