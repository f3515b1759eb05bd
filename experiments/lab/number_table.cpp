#include "experiments/lab/number_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "experiments/lab/text_cells.h"
#include "experiments/records/files.h"
#include "experiments/records/text.h"

namespace gradus::lab {
namespace {

std::string place_of(const std::filesystem::path& path, const std::vector<std::string>& names, std::int64_t line,
                     std::size_t column) {
  const std::string name = column < names.size() ? fmt::format(" ({})", records::printable(names[column], 40)) : "";
  return fmt::format("{}: line {}, column {}{}", path.string(), line, column + 1, name);
}

// Other things than text of one byte a character, by how they begin. NUL bytes elsewhere end up in a cell.
std::optional<std::string> not_text(std::string_view start) {
  if (start.starts_with("\xff\xfe") || start.starts_with("\xfe\xff")) return "UTF-16 text, expected UTF-8";
  if (start.starts_with("\x1f\x8b")) return "compressed (gzip), expected text";
  if (start.starts_with("PK\x03\x04")) return "a ZIP archive, as spreadsheets are, expected text";
  return std::nullopt;
}

// '#' and the rest; but spreadsheets write missing values so, and no row may be lost for one.
bool is_comment(std::string_view line) {
  constexpr std::array values{"#N/A", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"};
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return line.starts_with('#') &&
         std::none_of(values.begin(), values.end(), [&](const char* value) { return line.starts_with(value); });
}

// The separator of the file, by its first line: of what stands there outside quotes the one that is least likely to be
// part of a cell. A wrong choice makes cells that are not numbers, or too few.
char separator_in(std::string_view line) {
  std::string outside;
  bool quoted = false;
  for (const char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (!quoted)
      outside += c;
  }
  for (const char candidate : {';', '\t', ','})
    if (outside.find(candidate) != std::string::npos) return candidate;
  return ' ';
}

char character_of(Separator separator, std::string_view first_line) {
  switch (separator) {
    case Separator::comma:
      return ',';
    case Separator::semicolon:
      return ';';
    case Separator::tab:
      return '\t';
    case Separator::space:
      return ' ';
    case Separator::automatic:
      break;
  }
  return separator_in(first_line);
}

class Reader {
 public:
  Reader(const std::filesystem::path& path, Separator separator, std::int64_t most) : asked_(separator), most_(most) {
    table_.path = path;
    records::require_regular_file(path);
    file_.open(path, std::ios::binary);
    if (!file_) fail(fmt::format("cannot open: {}", std::strerror(errno)));
  }

  NumberTable read() {
    for (std::string line; (most_ == 0 || table_.rows() < most_) && std::getline(file_, line);) {
      ++number_;
      take(line);
    }
    if (file_.bad()) fail(fmt::format("cannot read: {}", std::strerror(errno)));
    if (table_.rows() == 0) fail("holds no rows of numbers");
    return std::move(table_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(fmt::format("{}: {}", table_.path.string(), what));
  }
  [[noreturn]] void fail_in_line(const std::string& what) const { fail(fmt::format("line {}: {}", number_, what)); }
  [[noreturn]] void fail_at(std::size_t column, const std::string& what) const {
    throw std::runtime_error(fmt::format("{}: {}", place_of(table_.path, table_.names, number_, column), what));
  }

  void take(std::string_view line) {
    if (number_ == 1) {
      if (const auto what = not_text(line)) fail(*what);
      if (line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    }
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find('\r') != std::string_view::npos)
      fail_in_line("a carriage return inside, expected lines that end with LF or CR LF");
    if (line.find_first_not_of(" \t") == std::string_view::npos || is_comment(line)) return;
    const bool first = !cells_;
    if (first) cells_.emplace(character_of(asked_, line));
    try {
      const std::vector<std::string>& cells = cells_->split(line);
      if (first) {
        table_.columns = static_cast<std::int64_t>(cells.size());
        first_line_ = number_;
        if (take_names(cells)) return;
      }
      take_numbers(cells);
    } catch (const CellReader::MisplacedQuote& quote) {
      fail_at(quote.column - 1, "quotes that do not stand around a whole cell of one line");
    }
  }

  // Whether the first line holds names. One of names and numbers, or of what is neither, is refused.
  bool take_names(const std::vector<std::string>& cells) {
    const auto named = std::find_if(cells.begin(), cells.end(), is_name);
    if (named == cells.end()) return false;
    for (std::size_t i = 0; i < cells.size(); ++i)
      if (!is_name(cells[i]))
        fail_at(i, fmt::format("{}, expected a name that begins with a letter, as {}, or a line of numbers alone",
                               described(cells[i]), described(*named)));
    table_.names = cells;
    return true;
  }

  void take_numbers(const std::vector<std::string>& cells) {
    if (std::cmp_not_equal(cells.size(), table_.columns))
      fail_in_line(fmt::format("{} cell{}, expected {} as in line {}", cells.size(), cells.size() == 1 ? "" : "s",
                               table_.columns, first_line_));
    for (std::size_t i = 0; i < cells.size(); ++i) {
      table_.values.push_back(number(cells[i], i));
    }
    table_.lines.push_back(number_);
  }

  double number(const std::string& cell, std::size_t column) const try {
    if (const std::optional<double> value = number_in(cell)) return *value;
    fail_at(column, fmt::format("{}, expected a finite number{}", described(cell),
                                cell.find(',') == std::string::npos ? "" : " (with a decimal point, and no commas)"));
  } catch (const OutOfRange&) {
    fail_at(column, described(cell) + ", expected a number in the range of float64");
  }

  static std::string described(const std::string& cell) {
    return cell.empty() ? "an empty cell" : '"' + records::printable(cell, 40) + '"';
  }

  Separator asked_;
  std::int64_t most_;
  std::ifstream file_;
  std::optional<CellReader> cells_;  // once the separator is known
  NumberTable table_;
  std::int64_t number_ = 0, first_line_ = 0;
};

}  // namespace

std::string NumberTable::place(std::int64_t row, std::int64_t column) const {
  return place_of(path, names, lines[static_cast<std::size_t>(row)], static_cast<std::size_t>(column));
}

NumberTable read_number_table(const std::filesystem::path& path, Separator separator, std::int64_t most) {
  return records::within_memory(path, "cannot be read", [&] { return Reader(path, separator, most).read(); });
}

}  // namespace gradus::lab
