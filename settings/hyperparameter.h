// The named numbers and choices that a method, a wrapper or a schedule depends on, as a user gives them: with defaults
// and ranges, checked.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "settings/range.h"

namespace gradus::settings {

struct Hyperparameter {
  using Kind = Range::Kind;

  std::string name;
  double default_value = 0;  // of a choice: its position among the choices
  double low = 0, high = 0;  // low <= value <= high, or < high where high_open
  bool high_open = false;
  std::string help;
  Kind kind = Kind::number;
  std::vector<std::string> choices = {};

  // Whether the value is in the range, and still is once it is a number of that precision: what a method computes with.
  bool allows(double value, Precision precision = Precision::float64) const;
  // The least number of that precision in the range.
  double least(Precision precision) const;
  bool excludes_zero() const { return low == above_0; }  // but no number above it
  bool can_be_scheduled() const { return kind == Kind::number; }
  // The range as a user reads it: "a finite number > 0", "one of hessian, gauss_newton".
  std::string range() const;
  // The default as a user writes it.
  std::string default_text() const;
};

Hyperparameter hyperparameter(std::string_view name, double default_value, const Range& range, std::string_view help);

// A value that somebody gives: a number, or one of the choices by name.
class GivenValue {
 public:
  GivenValue(double number) : number_(number) {}                            // NOLINT: written as {"momentum", 0.9}
  GivenValue(const char* text) : text_(text), is_text_(true) {}             // NOLINT
  GivenValue(std::string text) : text_(std::move(text)), is_text_(true) {}  // NOLINT
  bool is_text() const { return is_text_; }
  double number() const { return number_; }
  const std::string& text() const { return text_; }
  bool operator==(const GivenValue&) const = default;

 private:
  double number_ = 0;
  std::string text_;
  bool is_text_ = false;
};
using NamedValues = std::vector<std::pair<std::string, GivenValue>>;

// "epsilon = 1e-300 (0 in float32), expected a finite number > 0", for whoever refuses a value that is not allowed.
std::string refusal(const Hyperparameter& hyperparameter, double value, Precision precision = Precision::float64);

// Throws std::invalid_argument, with the owner (the name of a method, for messages) and the range, unless the value is
// allowed.
void check_value(const std::string& owner, const Hyperparameter& hyperparameter, double value,
                 Precision precision = Precision::float64);

// A value for each hyperparameter, in their order: those given, and defaults. Throws std::invalid_argument for an
// unknown name, with the nearest one that is known, and for a value that is not allowed.
std::vector<double> complete_values(const std::string& owner, const std::vector<Hyperparameter>& hyperparameters,
                                    const NamedValues& given, Precision precision = Precision::float64);

}  // namespace gradus::settings
