// What a table says of itself: its index and its columns, each with unit and long name, which way is better, and how it
// is drawn. Who reads the file needs to know no name.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace gradus::records {

enum class Better { neither, lower, higher };
// A line, one on a logarithmic axis, numbers that are names, or listed without being drawn.
enum class Draw { line, log, flags, none };

std::string_view name_of(Better better);
std::string_view name_of(Draw draw);

struct Column {
  std::string name = {}, units = "1", long_name = {};  // units as in UDUNITS: "1" for a plain number, "s", "byte"
  // A column of vectors has `length` numbers in each row, along an axis of this name; a plain one has no axis. They are
  // written as float64 or, where they were float32 to begin with, as that.
  std::string axis = {};
  std::int64_t length = 1;
  bool single_precision = false;
  Better better = Better::neither;
  Draw draw = Draw::line;
  std::vector<std::string> flags = {};   // what 0, 1, 2, ... mean, a word each; such a column is drawn as flags
  std::vector<std::string> labels = {};  // of the axis' places 0, 1, ...: {"dense1", "dense2"}
  std::string axis_units = "1", axis_long_name = {};  // of columns with the same axis the first counts
  friend bool operator==(const Column&, const Column&) = default;
};

// What the rows are counted by. An empty name is the table's, an empty long name the index'.
struct Index {
  std::string name = {}, units = "1", long_name = {};
  friend bool operator==(const Index&, const Index&) = default;
};

// As the log keeps them: members that are as by default are left out. Reading throws nlohmann::json::exception or
// std::invalid_argument for what is not so written.
nlohmann::json json_of(const Column& column);
Column column_of(const nlohmann::json& json);

}  // namespace gradus::records
