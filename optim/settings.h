// The named numbers and choices that a method depends on: declared with defaults and ranges, checked, and changeable by a
// schedule while the method runs.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "autodiff/dtype.h"

namespace gradus::optim {

// What a method declares, e.g. {"beta1", 0.9, 0, 1, "decay of the first moment"}.
struct Hyperparameter {
  enum class Kind { number, count, flag, choice };  // a count is a whole number, a flag 0 or 1

  std::string name;
  double default_value = 0;  // of a choice: its position among the choices
  double low = 0, high = 0;  // low <= value <= high, or < high where high_open
  bool high_open = false;
  std::string help;
  Kind kind = Kind::number;
  std::vector<std::string> choices = {};

  // Whether the value is in the range, and still is once it is a number of that type: what a method computes with.
  bool allows(double value, DType dtype) const;
  // The least number of that type in the range.
  double least(DType dtype) const;
  bool excludes_zero() const;  // but no number above it
  bool can_be_scheduled() const { return kind == Kind::number; }
  // The range as a user reads it: "a finite number > 0", "one of hessian, gauss_newton".
  std::string range() const;
  // The default as a user writes it.
  std::string default_text() const;
};

Hyperparameter positive(std::string name, double value, std::string help);                            // > 0
Hyperparameter non_negative(std::string name, double value, std::string help);                        // >= 0
Hyperparameter decay(std::string name, double value, std::string help);                               // in [0, 1)
Hyperparameter fraction(std::string name, double value, std::string help);                            // in (0, 1)
Hyperparameter above_one(std::string name, double value, std::string help);                           // > 1
Hyperparameter between(std::string name, double value, double low, double high, std::string help);    // both included
Hyperparameter count(std::string name, std::int64_t value, std::int64_t low, std::string help);       // whole, >= low
Hyperparameter flag(std::string name, bool value, std::string help);                                  // 0 or 1
Hyperparameter choice(std::string name, std::string value, std::vector<std::string> choices, std::string help);

// A hyperparameter's number of now, as a method reads it at each step.
class Setting {
 public:
  explicit Setting(std::shared_ptr<double> value) : value_(std::move(value)) {}
  operator double() const { return *value_; }  // NOLINT: reads like the number it is

 private:
  std::shared_ptr<const double> value_;
};

// The values of a method's hyperparameters. Copies share them: what a schedule sets, every Setting made of them reads.
class Settings {
 public:
  // Throws std::logic_error if there is no such hyperparameter.
  Setting operator[](std::string_view name) const { return Setting(find(name)); }
  std::int64_t count(std::string_view name) const { return static_cast<std::int64_t>(*find(name)); }
  bool flag(std::string_view name) const { return *find(name) != 0; }
  const std::string& choice(std::string_view name) const;
  // Adds a hyperparameter, or changes it.
  void set(const std::string& name, double value);
  void set_choice(const std::string& name, std::string value);
  bool has(std::string_view name) const;

 private:
  struct Entry {
    std::string name, choice;
    std::shared_ptr<double> value;
  };
  const std::shared_ptr<double>& find(std::string_view name) const;
  std::shared_ptr<std::vector<Entry>> entries_ = std::make_shared<std::vector<Entry>>();
};

// A value that somebody gives: a number, or one of the choices by name.
class GivenValue {
 public:
  GivenValue(double number) : number_(number) {}                               // NOLINT: written as {"momentum", 0.9}
  GivenValue(const char* text) : text_(text), is_text_(true) {}                // NOLINT
  GivenValue(std::string text) : text_(std::move(text)), is_text_(true) {}     // NOLINT
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

// The settings of `owner` (the name of a method, for messages): the defaults with the values given. Throws
// std::invalid_argument for an unknown name, with the nearest one that is known, and for a value that is not allowed in
// the parameters' type.
Settings make_settings(const std::string& owner, const std::vector<Hyperparameter>& hyperparameters,
                       const NamedValues& given, DType dtype = DType::float64);

// "epsilon = 1e-300 (0 in float32), expected a finite number > 0", for whoever refuses a value that is not allowed.
std::string refusal(const Hyperparameter& hyperparameter, double value, DType dtype);

// "did you mean adam? expected one of ..." for a name that is none of `names`.
std::string choices_text(const std::string& asked, const std::vector<std::string>& names);

}  // namespace gradus::optim
