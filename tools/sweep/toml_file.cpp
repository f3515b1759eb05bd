#include "tools/sweep/toml_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "experiments/records/files.h"
#include "tools/sweep/search.h"
#include "tools/sweep/toml_keys.h"
#include "tools/sweep/toml_library.h"
#include "tools/sweep/toml_reader.h"
#include "tools/sweep/variants.h"

namespace gradus::sweep {
namespace {

constexpr std::size_t largest_file = 16 << 20;  // bytes

// What stands in a table that says what is run: the file's, a stage's or a group's.
struct Block {
  Grid grid;
  std::vector<Grid> groups;
  std::vector<Condition> exclusions;
  std::optional<std::int64_t> limit;
  std::optional<StoppingRule> stopping;
};

class Reader : TomlReader {
 public:
  using TomlReader::TomlReader;

  Specification specification(const toml::table& table) {
    Specification specification;
    Block all;
    const toml::array* stages = nullptr;
    for (const TomlEntry& entry : in_order(table)) {
      if (*entry.key == "program") {
        specification.program = entry.node->value_or(std::string());
        if (!entry.node->is_string() || specification.program.empty())
          refuse(*entry.key, "program: expected a string, the program's name or path");
      } else if (*entry.key == "stage") {
        stages = tables(entry);
      } else if (!take(all, entry)) {
        refuse(*entry.key, fmt::format("unknown key '{}': expected program, {} or [[stage]]", entry.key->str(), known));
      }
    }
    if (specification.program.empty())
      throw UsageError(fmt::format("{}: program is missing: expected program = \"name\"", path().string()));
    if (stages == nullptr) {
      specification.stages.push_back(stage_of(std::move(all), {}));
      return specification;
    }
    if (!all.groups.empty() || !all.exclusions.empty() || all.limit || all.stopping || !all.grid.zips.empty() ||
        !all.grid.whens.empty())
      throw UsageError(
          fmt::format("{}: there are stages: expected at the top program, options and draws alone, and the "
                      "rest in its stage",
                      path().string()));
    for (const toml::node& node : *stages) specification.stages.push_back(stage(*node.as_table(), all, specification));
    return specification;
  }

 private:
  static constexpr const char* known = "options, draws, limit, stopping, [[zip]], [[when]], [[exclude]], [[group]]";

  Condition condition(const toml::table& table, const toml::source_region& source, const char* what) {
    Condition condition{fmt::format("{}: {}", place(source), what), {}};
    for (const Option& option : options(table)) {
      if (option.drawn)
        throw UsageError(fmt::format("{}: {}: expected values, not a draw", condition.where, option.name));
      condition.terms.push_back({option.name, option.values});
    }
    if (condition.terms.empty()) throw UsageError(fmt::format("{}: expected options with values", condition.where));
    return condition;
  }

  When when(const toml::table& table) {
    When when;
    for (const TomlEntry& entry : in_order(table)) {
      if (*entry.key == "if")
        when.condition = condition(table_of(entry), entry.key->source(), "when");
      else if (*entry.key == "options")
        when.options = options(table_of(entry));
      else
        refuse(*entry.key, fmt::format("when: unknown key '{}': expected if and options", entry.key->str()));
    }
    if (when.condition.terms.empty() || when.options.empty())
      throw UsageError(fmt::format("{}: when: expected if = {{...}} and options = {{...}}", place(table.source())));
    return when;
  }

  void zip(Grid& grid, const toml::table& table) {
    std::vector<std::string> together;
    for (const TomlEntry& entry : in_order(table)) {
      add(grid.options, entry);
      together.push_back(grid.options.back().name);
    }
    if (together.size() < 2)
      throw UsageError(fmt::format("{}: zip: expected two options or more", place(table.source())));
    grid.zips.push_back(std::move(together));
  }

  Draws draws(const toml::table& table) const {
    Draws draws;
    bool asks_by_command = false;
    for (const TomlEntry& entry : in_order(table)) {
      if (*entry.key == "count") {
        draws.count = positive(entry);
      } else if (*entry.key == "seed") {
        const auto* seed = entry.node->as_integer();
        if (seed == nullptr || seed->get() < 0) refuse(*entry.key, "seed: expected an integer of at least 0");
        draws.seed = static_cast<std::uint64_t>(seed->get());
      } else if (*entry.key == "method") {
        draws.method = parse_draw_method(text(entry), place(entry.key->source()) + ": method");
        asks_by_command = text(entry) == "ask";
      } else if (*entry.key == "command") {
        draws.command = text(entry);
      } else if (*entry.key == "window") {
        draws.window = positive(entry);
      } else {
        refuse(*entry.key, fmt::format("draws: unknown key '{}': expected count, seed, method, command and window",
                                       entry.key->str()));
      }
    }
    if (asks_by_command != draws.command.has_value() || (draws.window && draws.method != DrawMethod::ask))
      throw UsageError(
          fmt::format("{}: draws: expected command = \"...\" with method = \"ask\" alone, and window with "
                      "that or with method = \"tpe\"",
                      place(table.source())));
    return draws;
  }

  WinnerRule select(const toml::table& table) const {
    WinnerRule selection;
    for (const TomlEntry& entry : in_order(table)) {
      if (*entry.key == "by") {
        const auto metric = parse_metric(text(entry));
        if (!metric) refuse(*entry.key, fmt::format("by: {}", metric_form));
        selection.by = *metric;
      } else if (*entry.key == "per") {
        selection.per = names(entry);
      } else if (*entry.key == "over") {
        selection.over = names(entry);
      } else {
        refuse(*entry.key, fmt::format("select: unknown key '{}': expected by, per and over", entry.key->str()));
      }
    }
    if (selection.by.column.empty())
      throw UsageError(fmt::format("{}: select: expected by = \"TABLE/COLUMN\"", place(table.source())));
    return selection;
  }

  // A grid over all of the block's and these.
  Grid group(const toml::table& table, const Grid& common) {
    Grid own;
    for (const TomlEntry& entry : in_order(table)) {
      if (*entry.key == "draws" && entry.node->is_table())
        own.draws = draws(*entry.node->as_table());
      else
        add(own.options, entry);
    }
    Grid grid = common;
    override_options(grid, own.options);
    grid.draws.override_by(own.draws);
    return grid;
  }

  // False for a key that it does not know. Groups are taken at last, since they are over all the others.
  bool take(Block& block, const TomlEntry& entry) {
    if (*entry.key == "options") {
      OptionList given = options(table_of(entry));
      block.grid.options.insert(block.grid.options.begin(), given.begin(), given.end());
    } else if (*entry.key == "draws") {
      block.grid.draws.override_by(draws(table_of(entry)));
    } else if (*entry.key == "limit") {
      block.limit = positive(entry);
    } else if (*entry.key == "stopping") {
      block.stopping = stopping(table_of(entry));
    } else if (*entry.key == "zip") {
      for (const toml::node& node : *tables(entry)) zip(block.grid, *node.as_table());
    } else if (*entry.key == "when") {
      for (const toml::node& node : *tables(entry)) block.grid.whens.push_back(when(*node.as_table()));
    } else if (*entry.key == "exclude") {
      for (const toml::node& node : *tables(entry))
        block.exclusions.push_back(condition(*node.as_table(), node.source(), "exclude"));
    } else if (*entry.key == "group") {
      groups_ = tables(entry);
    } else {
      return false;
    }
    return true;
  }

  Stage stage_of(Block block, std::string name) {
    Stage stage{std::move(name), {}, std::move(block.exclusions), block.limit, {}, std::move(block.stopping)};
    if (groups_ == nullptr)
      stage.grids.push_back(std::move(block.grid));
    else
      for (const toml::node& node : *groups_) {
        stage.grids.push_back(group(*node.as_table(), block.grid));
        count(listed_values(stage.grids.back()));
      }
    groups_ = nullptr;
    check_conditions(stage);
    return stage;
  }

  Stage stage(const toml::table& table, const Block& all, const Specification& earlier) {
    Block own;
    std::string name;
    std::optional<WinnerRule> selection;
    for (const TomlEntry& entry : in_order(table)) {
      if (*entry.key == "name")
        name = text(entry);
      else if (*entry.key == "select")
        selection = select(table_of(entry));
      else if (!take(own, entry))
        refuse(*entry.key, fmt::format("unknown key '{}': expected name, select, {}", entry.key->str(), known));
    }
    if (name.empty() || name.find_first_of("{}@/") != name.npos)
      throw UsageError(fmt::format("{}: stage: expected name = \"WORD\"", place(table.source())));
    for (const Stage& other : earlier.stages)
      if (other.name == name) throw UsageError(fmt::format("{}: stage {}: there twice", place(table.source()), name));
    const bool draws_itself = own.grid.draws.count.has_value();
    Block both = std::move(own);
    Grid grid = all.grid;
    count(listed_values(grid));
    override_options(grid, both.grid.options);
    both.grid.options = std::move(grid.options);
    grid.draws.override_by(both.grid.draws);
    both.grid.draws = grid.draws;
    Stage stage = stage_of(std::move(both), name);
    stage.select = std::move(selection);
    check_search(stage);
    if (draws_itself && !draws_anything(stage))
      throw UsageError(fmt::format("{}: stage {}: no option of it is drawn", place(table.source()), name));
    return stage;
  }

  const toml::array* groups_ = nullptr;  // of the block that is being read
};

}  // namespace

std::string read_toml(const std::filesystem::path& path) {
  try {
    return records::read_file(path, largest_file);
  } catch (const std::runtime_error& error) {
    throw UsageError(fmt::format("{}; expected a sweep's specification in TOML", error.what()));
  }
}

Specification parse_toml(const std::string& text, const std::filesystem::path& path, const std::string& variant) {
  check_keys(text, path);
  toml::table table;
  try {
    table = toml::parse(text, path.string());
  } catch (const toml::parse_error& error) {
    throw UsageError(fmt::format("{}:{}: {}", path.string(), error.source().begin.line, error.description()));
  }
  return Reader(path).specification(with_variant(std::move(table), variant, path));
}

}  // namespace gradus::sweep
