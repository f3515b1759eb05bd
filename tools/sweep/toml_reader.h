// What any table of a TOML specification is read with: errors name the file and the line.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/sweep/specification.h"
#include "tools/sweep/toml_library.h"

namespace gradus::sweep {

struct TomlEntry {
  const toml::key* key;
  const toml::node* node;
};

// A table's, in the order in which they were written.
std::vector<TomlEntry> in_order(const toml::table& table);

// Each throws UsageError for what is something else.
class TomlReader {
 public:
  explicit TomlReader(const std::filesystem::path& path) : path_(path) {}

 protected:
  const std::filesystem::path& path() const { return path_; }
  std::string place(const toml::source_region& source) const;
  [[noreturn]] void refuse(const toml::key& key, const std::string& what) const;
  const toml::table& table_of(const TomlEntry& entry) const;
  const toml::array* tables(const TomlEntry& entry) const;
  std::int64_t positive(const TomlEntry& entry) const;
  std::string text(const TomlEntry& entry) const;
  std::string name(const toml::key& key, std::string_view text) const;  // an option's
  std::vector<std::string> names(const TomlEntry& entry) const;
  std::vector<OptionValue> literal(const toml::node& node, const std::string& where) const;
  Option option(const TomlEntry& entry) const;
  void add(OptionList& options, const TomlEntry& entry);
  OptionList options(const toml::table& table);
  // So many values more; those of the whole file are bounded.
  void count(std::size_t values);
  StoppingRule stopping(const toml::table& table) const;

 private:
  const std::filesystem::path& path_;
  std::size_t listed_ = 0;
};

}  // namespace gradus::sweep
