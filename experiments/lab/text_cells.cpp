#include "experiments/lab/text_cells.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "settings/parse.h"

namespace gradus::lab {
namespace {

constexpr std::string_view blanks = " \t";

// Outside quotes, runs of blanks become one space, and those at the ends nothing.
void narrow(std::string_view line, std::string& into) {
  into.clear();
  bool quoted = false, pending = false;
  for (const char c : line) {
    if (!quoted && blanks.find(c) != std::string_view::npos) {
      pending = !into.empty();
      continue;
    }
    if (pending) into += ' ';
    pending = false;
    if (c == '"') quoted = !quoted;
    into += c;
  }
}

// The first character of UTF-8 text; 0 where that is broken, or beyond U+FFFF.
std::uint32_t first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  if (byte(0) < 0x80) return byte(0);
  if ((byte(0) & 0xe0) == 0xc0 && follows(1)) return (byte(0) & 0x1f) << 6 | (byte(1) & 0x3f);
  if ((byte(0) & 0xf0) == 0xe0 && follows(1) && follows(2))
    return (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
  return 0;
}

// Letters of the scripts that have no digits among them. What is left out is refused, not dropped.
bool is_letter(std::uint32_t c) {
  const auto within = [c](std::uint32_t low, std::uint32_t high) { return low <= c && c <= high; };
  return within('a', 'z') || within('A', 'Z') || c == '_' ||
         (within(0xc0, 0x52f) && c != 0xd7 && c != 0xf7) ||  // Latin, Greek, Cyrillic; not the signs of operations
         within(0x3041, 0x30ff) || within(0x4e00, 0x9fff) || within(0xac00, 0xd7a3);  // kana, Han, Hangul
}

}  // namespace

CellReader::CellReader(char separator) : separator_(separator) {
  if (csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI) != 0) throw std::runtime_error("libcsv cannot be initialised");
  csv_set_delim(&parser_, static_cast<unsigned char>(separator));
}

const std::vector<std::string>& CellReader::split(std::string_view line) {
  cells_.clear();
  if (separator_ == ' ') {
    narrow(line, narrowed_);
    line = narrowed_;
  }
  const auto cell = [](void* text, std::size_t size, void* cells) {
    static_cast<std::vector<std::string>*>(cells)->emplace_back(static_cast<const char*>(text), size);
  };
  const auto row = [](int, void*) {};
  if (csv_parse(&parser_, line.data(), line.size(), cell, row, &cells_) != line.size() ||
      csv_fini(&parser_, cell, row, &cells_) != 0)
    throw MisplacedQuote{cells_.size() + 1};
  return cells_;
}

std::optional<double> number_in(std::string_view cell) {
  double value = 0;
  const std::errc error = settings::read_number(cell, value);
  if (error == std::errc::result_out_of_range) throw OutOfRange{};
  if (error != std::errc{} || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool is_name(std::string_view cell) {
  constexpr std::array words{"nan", "inf", "infinity", "na", "n/a", "null", "none", "nil", "missing", "true", "false"};
  if (!is_letter(first_character(cell))) return false;
  if (std::any_of(cell.begin(), cell.end(), [](char c) { return static_cast<std::uint8_t>(c) < ' '; })) return false;
  std::string lower(cell);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return std::find(words.begin(), words.end(), lower) == words.end();
}

}  // namespace gradus::lab
