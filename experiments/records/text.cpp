#include "experiments/records/text.h"

#include <fmt/format.h>

#include <boost/locale/utf.hpp>

namespace gradus::records {
namespace {

using Utf8 = boost::locale::utf::utf_traits<char>;

bool is_character(boost::locale::utf::code_point decoded) {
  return decoded != boost::locale::utf::illegal && decoded != boost::locale::utf::incomplete;
}

// C0, DEL and C1: what could move a terminal's cursor.
bool is_control(boost::locale::utf::code_point character) {
  return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (auto at = text.begin(); at != text.end();)
    if (!is_character(Utf8::decode(at, text.end()))) return false;
  return true;
}

std::string printable(std::string_view text, std::size_t longest) {
  std::string shown;
  for (auto at = text.begin(); at != text.end();) {
    if (shown.size() >= longest) return shown + "...";
    const auto begin = at;
    const auto character = Utf8::decode(at, text.end());
    if (is_character(character) && !is_control(character)) {
      shown.append(begin, at);
      continue;
    }
    if (!is_character(character)) at = begin + 1;  // the decoder may have gone on to the next character
    for (auto byte = begin; byte != at; ++byte) shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(*byte));
  }
  return shown;
}

std::string one_line(std::string_view message) {
  constexpr std::size_t longest = 4000, end = 1000;
  std::string line = printable(message, std::string::npos);
  if (line.size() <= longest) return line;
  const auto is_inside = [&](std::size_t at) { return (static_cast<unsigned char>(line[at]) & 0xc0) == 0x80; };
  std::size_t first = longest - end - std::string_view(" ... ").size(), last = line.size() - end;
  while (is_inside(first)) --first;
  while (is_inside(last)) ++last;
  return line.substr(0, first) + " ... " + line.substr(last);
}

}  // namespace gradus::records
