// The cells of one line of a table, and what a cell says.
#pragma once

#include <csv.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace gradus::lab {

// Splits lines at one separator; libcsv knows quotes, doubled quotes and blanks around cells.
class CellReader {
 public:
  explicit CellReader(char separator);
  ~CellReader() { csv_free(&parser_); }
  CellReader(const CellReader&) = delete;
  CellReader& operator=(const CellReader&) = delete;

  // The cells of a line without its end, valid until the next call; none if the line is blank. With a space for
  // separator, a run of spaces and tabs counts as one. Throws MisplacedQuote.
  const std::vector<std::string>& split(std::string_view line);
  struct MisplacedQuote {
    std::size_t column;  // counted from 1
  };

 private:
  csv_parser parser_{};
  char separator_;
  std::vector<std::string> cells_;
  std::string narrowed_;
};

// A cell that is one finite number as a whole. Throws OutOfRange for one that float64 does not hold.
std::optional<double> number_in(std::string_view cell);
struct OutOfRange {};

// Whether a cell can be nothing but a column's name: it begins with a letter, and is none of the words by which
// programs write a missing or an infinite number. Only a line of such cells is taken for names, so that no row of
// numbers is.
bool is_name(std::string_view cell);

}  // namespace gradus::lab
