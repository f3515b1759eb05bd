#include "tools/sweep/toml_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "experiments/records/program.h"

namespace gradus::sweep {
namespace {

constexpr int most_parts = 16;  // variant.NAME.stage.NAME.options.OPTION has 6

// One or two quotes may stand before the three that end a string of several lines: then they follow the first three.
std::size_t end_of_quotes(std::string_view text, std::size_t at) {
  for (std::size_t more = 0; more < 2 && at < text.size() && text[at] == text[at - 1]; ++more) ++at;
  return at;
}

// Steps over a string that begins here, of one line or several; what is not closed ends with the text.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string_view triple = text.substr(at, 3);
  const bool long_one = triple.size() == 3 && triple[1] == quote && triple[2] == quote;
  for (at += long_one ? 3 : 1; at < text.size(); ++at) {
    if (text[at] == '\\' && quote == '"')
      ++at;
    else if (long_one ? text.substr(at, 3) == triple : text[at] == quote)
      return long_one ? end_of_quotes(text, at + 3) : at + 1;
    else if (!long_one && text[at] == '\n')
      return at;
  }
  return text.size();
}

bool is_of_a_key(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == ' ' || c == '\t' || static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

void check_keys(std::string_view text, const std::filesystem::path& path) {
  std::size_t line = 1;
  int parts = 1;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    if (text[at] == '"' || text[at] == '\'') {
      at = end_of_string(text, at);
    } else if (text[at] == '#') {
      at = std::min(text.find('\n', at), text.size());
      parts = 1;
    } else {
      if (text[at] == '.')
        ++parts;
      else if (!is_of_a_key(text[at]))
        parts = 1;
      ++at;
    }
    if (parts > most_parts)
      throw records::UsageError(fmt::format("{}:{}: a key of more than {} parts", path.string(), line, most_parts));
    line += static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                                text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
  }
}

}  // namespace gradus::sweep
