// Tables of numbers as text, as spreadsheets, data-frame libraries and instruments write them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace gradus::lab {

struct NumberTable {
  std::filesystem::path path;
  std::vector<std::string> names;  // of the columns; empty if the file has no line of names
  std::int64_t columns = 0;
  std::vector<double> values;       // all finite, row after row
  std::vector<std::int64_t> lines;  // on which each row stands, counted from 1

  std::int64_t rows() const { return static_cast<std::int64_t>(lines.size()); }
  double at(std::int64_t row, std::int64_t column) const {
    return values[static_cast<std::size_t>(row * columns + column)];
  }
  // "points.csv: line 3, column 2 (signal)", for whoever refuses a number.
  std::string place(std::int64_t row, std::int64_t column) const;
};

// What stands between two cells; `space` is any run of spaces and tabs. `automatic` looks at the first line that is not
// a comment: a semicolon there, else a tab, else a comma, else spaces.
enum class Separator { automatic, comma, semicolon, tab, space };

// Reads UTF-8 (or ASCII) text with one separator, lines that end with LF or CR LF, decimal points, and cells that may
// stand in double quotes. A byte-order mark, empty lines and lines that begin with '#' are passed over. The first line
// holds names, each of which begins with a letter, or numbers; every later one as many numbers. At most `most` rows if
// that is not 0.
//
// Nothing is guessed: a cell that is empty or not a finite number as a whole (settings/parse.h), a line
// with more or fewer cells, misplaced quotes, another encoding or a table without rows throws std::runtime_error with
// the path and, where there are any, line and column.
NumberTable read_number_table(const std::filesystem::path& path, Separator separator = Separator::automatic,
                              std::int64_t most = 0);

}  // namespace gradus::lab
