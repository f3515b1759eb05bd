// What values a hyperparameter may have.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <vector>

namespace gradus::settings {

// Of the numbers with which a method computes.
enum class Precision { float64, float32 };

struct Range {
  enum class Kind { number, count, flag, choice };  // a count is a whole number, a flag 0 or 1

  Kind kind = Kind::number;
  double low = 0, high = 0;  // low <= value <= high, or < high where high_open
  bool high_open = false;
  std::vector<std::string_view> choices = {};  // a choice is given by its name, and is its position among these
};

inline constexpr double unbounded = std::numeric_limits<double>::infinity();
// Ranges include their lower end: these are the first numbers above 0 and 1.
inline constexpr double above_0 = std::numeric_limits<double>::min();
inline constexpr double above_1 = 1 + std::numeric_limits<double>::epsilon();
inline constexpr double largest_count = 1e15;  // whole numbers up to here are exact; larger ones are slips of the pen

constexpr Range positive() { return {Range::Kind::number, above_0, unbounded, true}; }         // > 0
constexpr Range non_negative() { return {Range::Kind::number, 0, unbounded, true}; }           // >= 0
constexpr Range decay() { return {Range::Kind::number, 0, 1, true}; }                          // in [0, 1)
constexpr Range fraction() { return {Range::Kind::number, above_0, 1, true}; }                 // in (0, 1)
constexpr Range above_one() { return {Range::Kind::number, above_1, unbounded, true}; }        // > 1
constexpr Range between(double low, double high) { return {Range::Kind::number, low, high}; }  // both included
constexpr Range at_least(std::int64_t low) {                                                   // whole
  return {Range::Kind::count, static_cast<double>(low), largest_count};
}
constexpr Range flag() { return {Range::Kind::flag, 0, 1}; }
constexpr Range one_of(std::initializer_list<std::string_view> names) {
  return {Range::Kind::choice, 0, static_cast<double>(names.size()) - 1, false, names};
}

}  // namespace gradus::settings
