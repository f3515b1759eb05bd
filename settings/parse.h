// Numbers as texts: one rule for options, groups, tables and sweeps, which the report's Python package repeats
// (tools/python/gradus/records/values.py).
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace gradus::settings {

// The whole text as an integer or a decimal number, as std::from_chars reads it; a '+' may stand in front. "inf",
// "infinity" and "nan" are numbers, in any case of letters, but not "nan(...)". result_out_of_range where the type
// cannot hold the number, or only as 0; invalid_argument for everything else. The value is then as it was.
template <class Number>
std::errc read_number(std::string_view text, Number& value) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  if (text.ends_with(')')) return std::errc::invalid_argument;
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (stop != end) return std::errc::invalid_argument;
  if (error == std::errc{}) value = number;
  return error;
}

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number value{};
  return read_number(text, value) == std::errc{} ? std::optional(value) : std::nullopt;
}

}  // namespace gradus::settings
