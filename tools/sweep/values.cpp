#include "tools/sweep/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <optional>

#include "experiments/records/text.h"
#include "settings/parse.h"

namespace gradus::sweep {
namespace {

std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '\\' && i + 1 < text.size() && std::string_view(",:(\\").find(text[i + 1]) != text.npos;
    plain += escape ? text[++i] : text[i];
  }
  return plain;
}

std::vector<OptionValue> integer_range(std::string_view text, const std::vector<std::string>& parts,
                                       const std::string& where) {
  const auto first = settings::number_in<std::int64_t>(parts[0]);
  const auto last = settings::number_in<std::int64_t>(parts[1]);
  const auto step = parts.size() == 3 ? settings::number_in<std::int64_t>(parts[2]) : std::optional<std::int64_t>(1);
  if (parts.size() > 3 || !first || !last || !step)
    throw UsageError(
        fmt::format("{}: bad range '{}': expected first:last or first:last:step, all integers "
                    "(a literal colon is written \\:)",
                    where, text));
  if (*step == 0) throw UsageError(fmt::format("{}: bad range '{}': the step must not be 0", where, text));
  if (*step > 0 ? *last < *first : *last > *first)
    throw UsageError(fmt::format("{}: bad range '{}' is empty: {} does not lead from {} to {}", where, text,
                                 *step > 0 ? "counting up" : "counting down", *first, *last));
  // Unsigned: the distance between two int64 always fits.
  const std::uint64_t distance = *step > 0 ? static_cast<std::uint64_t>(*last) - static_cast<std::uint64_t>(*first)
                                           : static_cast<std::uint64_t>(*first) - static_cast<std::uint64_t>(*last);
  const std::uint64_t stride = *step > 0 ? static_cast<std::uint64_t>(*step) : 0 - static_cast<std::uint64_t>(*step);
  if (distance / stride >= static_cast<std::uint64_t>(max_values))
    throw UsageError(fmt::format("{}: bad range '{}': more than {} values", where, text, max_values));
  std::vector<OptionValue> values;
  values.reserve(static_cast<std::size_t>(distance / stride) + 1);
  for (std::uint64_t i = 0; i <= distance / stride; ++i) {
    const auto number =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(*first) + i * static_cast<std::uint64_t>(*step));
    values.push_back({fmt::to_string(number), number});
  }
  return values;
}

std::vector<OptionValue> geometric_range(std::string_view text, const std::vector<std::string>& parts,
                                         const std::string& where) {
  const auto lowest = parts.size() == 4 ? settings::number_in<double>(parts[1]) : std::nullopt;
  const auto highest = parts.size() == 4 ? settings::number_in<double>(parts[2]) : std::nullopt;
  const auto count = parts.size() == 4 ? settings::number_in<std::int64_t>(parts[3]) : std::nullopt;
  if (!lowest || !highest || !count || !(*lowest > 0) || !(*highest > 0) || !std::isfinite(*lowest) ||
      !std::isfinite(*highest) || *count < 2 || *count > max_values)
    throw UsageError(
        fmt::format("{}: bad range '{}': expected log:first:last:count with first and last above 0 and "
                    "count from 2 to {}",
                    where, text, max_values));
  std::vector<OptionValue> values;
  for (std::int64_t i = 0; i < *count; ++i) {
    const double fraction = static_cast<double>(i) / static_cast<double>(*count - 1);
    const double point = i == 0            ? *lowest
                         : i + 1 == *count ? *highest
                                           : std::exp(std::lerp(std::log(*lowest), std::log(*highest), fraction));
    // Twelve digits make 0.001 of 0.00099999999999999937; then the shortest text that reads back as the same number.
    values.push_back(make_value(fmt::format("{}", *settings::number_in<double>(fmt::format("{:.12g}", point)))));
  }
  return values;
}

// The value of a list that is meant to be drawn, which only a whole option can be.
bool begins_a_draw(std::string_view text) {
  return text.starts_with("uniform(") || text.starts_with("log_uniform(") || text.starts_with("integer(") ||
         text.starts_with("choice(");
}

}  // namespace

// Splits at `separator` where no backslash stands before it; the parts keep their backslashes.
std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == separator) {
      parts.emplace_back();
      continue;
    }
    parts.back() += text[i];
    if (text[i] == '\\' && i + 1 < text.size()) parts.back() += text[++i];
  }
  return parts;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

OptionValue make_value(std::string text) {
  OptionValue value;
  value.text = std::move(text);
  value.json = value.text;
  std::string_view t = value.text;
  if (t.starts_with('+') && settings::number_in<double>(t)) t.remove_prefix(1);
  if (t == "true" || t == "false") {
    value.json = t == "true";
  } else if (!t.empty() && t.find_first_not_of("0123456789", t[0] == '-' ? 1 : 0) == t.npos) {
    // Leading zeros or more than 64 bits: a name, not a number, or two different values would become equal.
    if (const auto integer = settings::number_in<std::int64_t>(t); integer && fmt::format("{}", *integer) == t)
      value.json = *integer;
  } else if (const auto real = settings::number_in<double>(t); real && std::isfinite(*real)) {
    if (*real == std::trunc(*real) && std::abs(*real) <= 9007199254740992.0)
      value.json = static_cast<std::int64_t>(*real);
    else
      value.json = *real;
  }
  return value;
}

std::string canonical_name(std::string_view name) {
  std::string plain(name);
  plain.erase(0, std::min<std::size_t>(plain.find_first_not_of('-'), plain.size()));
  std::replace(plain.begin(), plain.end(), '-', '_');
  const bool valid = !plain.empty() && std::all_of(plain.begin(), plain.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.';
  });
  if (!valid)
    throw UsageError(
        fmt::format("'{}' is not an option's name: expected letters, digits, - and _", records::printable(name)));
  for (const char* own : {"output", "quiet", "overwrite", "resume", "replay", "checkpoint_at", "not_bitwise", "help",
                          "describe", "describe_runs"})
    if (plain == own) throw UsageError(fmt::format("option --{}: the sweep sets it itself; it cannot be given", plain));
  return plain;
}

std::vector<OptionValue> parse_element(std::string_view text, const std::string& where) {
  if (!records::is_utf8(text) || text.find('\0') != text.npos)  // it could not be recorded, or not be handed on
    throw UsageError(
        fmt::format("{}: bad value '{}': expected UTF-8 without zero bytes", where, records::printable(text)));
  if (begins_a_draw(text))
    throw UsageError(fmt::format("{}: '{}' stands in a list: a draw is an option's only value", where, text));
  const std::vector<std::string> parts = split(text, ':');
  if (parts.size() > 1) {
    if (parts[0] == "log") return geometric_range(text, parts, where);
    if (settings::number_in<double>(parts[0])) return integer_range(text, parts, where);
  }
  return {make_value(unescape(text))};
}

void append_bounded(std::vector<OptionValue>& values, std::vector<OptionValue> more, const std::string& where) {
  if (values.size() + more.size() > static_cast<std::size_t>(max_values))
    throw UsageError(fmt::format("{}: more than {} values", where, max_values));
  values.insert(values.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::vector<OptionValue> parse_list(std::string_view text, const std::string& where) {
  if (trim(text).empty()) throw UsageError(fmt::format("{}: empty list of values", where));
  std::vector<OptionValue> values;
  for (const std::string& part : split(text, ',')) {
    const std::string_view element = trim(part);
    if (element.empty()) throw UsageError(fmt::format("{}: empty value in the list '{}'", where, text));
    append_bounded(values, parse_element(element, where), where);
  }
  return values;
}

}  // namespace gradus::sweep
