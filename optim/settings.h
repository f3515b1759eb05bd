// The values of hyperparameters under their names, for methods that have no typed fields (settings/field.h) yet.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "autodiff/tensor/dtype.h"
#include "autodiff/tensor/random.h"
#include "settings/field.h"
#include "settings/hyperparameter.h"
#include "settings/nearest_name.h"
#include "settings/retired.h"

namespace gradus::optim {

// The words with which fields are described.
using settings::above_one;
using settings::at_least;
using settings::between;
using settings::decay;
using settings::field;
using settings::fraction;
using settings::non_negative;
using settings::one_of;
using settings::positive;

using settings::drawn_from_stream;
using settings::fixed_at;

using settings::check_value;
using settings::choices_text;
using settings::GivenValue;
using settings::Hyperparameter;
using settings::NamedValues;

Hyperparameter positive(std::string name, double value, std::string help);                          // > 0
Hyperparameter non_negative(std::string name, double value, std::string help);                      // >= 0
Hyperparameter decay(std::string name, double value, std::string help);                             // in [0, 1)
Hyperparameter fraction(std::string name, double value, std::string help);                          // in (0, 1)
Hyperparameter above_one(std::string name, double value, std::string help);                         // > 1
Hyperparameter between(std::string name, double value, double low, double high, std::string help);  // both included
Hyperparameter count(std::string name, std::int64_t value, std::int64_t low, std::string help);     // whole, >= low
Hyperparameter flag(std::string name, bool value, std::string help);                                // 0 or 1
Hyperparameter choice(std::string name, std::string value, std::vector<std::string> choices, std::string help);

inline settings::Precision precision_of(DType dtype) {
  return dtype == DType::float32 ? settings::Precision::float32 : settings::Precision::float64;
}

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
  double* number(std::string_view name) const { return find(name).get(); }
  RandomStream stream = RandomStream(0);  // of what the method draws

 private:
  struct Entry {
    std::string name, choice;
    std::shared_ptr<double> value;
  };
  const std::shared_ptr<double>& find(std::string_view name) const;
  std::shared_ptr<std::vector<Entry>> entries_ = std::make_shared<std::vector<Entry>>();
};

// The settings of `owner`: the defaults with the values given; throws as complete_values.
Settings make_settings(const std::string& owner, const std::vector<Hyperparameter>& hyperparameters,
                       const NamedValues& given);

}  // namespace gradus::optim
