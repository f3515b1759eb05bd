// The options of a program: declared where they are used, checked, recorded and described in one place.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "experiments/records/program.h"

namespace gradus::lab {

using records::UsageError;

// What comes of options alone: where the call refuses it with std::invalid_argument, that is a UsageError, which begins
// with the option to blame: "--wrappers=samm: ".
template <class Call>
decltype(auto) from_options(Call&& call, std::string_view option = {}) {
  try {
    return call();
  } catch (const std::invalid_argument& error) {
    throw UsageError(std::string(option) + error.what());
  }
}

// What an option's value must fulfil, and how to say so.
struct Check {
  std::string range;                             // ">= 1"; empty: anything
  std::function<bool(double)> number = nullptr;  // of an integer or a number, which is finite
  std::vector<std::string> choices = {};         // of a string
  // The one way to write what a string says, under which it is recorded: runs of equal values are then known as equal.
  // Throws UsageError for a string that says nothing.
  std::function<std::string(const std::string&)> canonical = nullptr;
};
Check at_least(double low);
Check more_than(double low);
Check between(double low, double high);        // both included
Check from_to_below(double low, double high);  // low <= value < high, as for a momentum
Check one_of(std::vector<std::string> choices);
Check written_as(std::function<std::string(const std::string&)> canonical);
// Numbers separated by commas, or one of the words: "1.0,1" is recorded as "1,1".
Check numbers_or(std::string option, std::vector<std::string> words);

// "1,-0.5" as numbers. Throws UsageError, which names the option, for what is not finite numbers separated by commas.
std::vector<double> parse_numbers(std::string_view option, const std::string& text);

// Reads --name=value, --name value and flags; '-' and '_' in a name are the same. Each option is declared by asking for
// it:
//   Options options("width_study", {"--width=64"});
//   const int width = options.get("width", 128, "units in the hidden layer", at_least(1));
//   options.finish();
// Throws UsageError for a value that does not parse as a whole or fails its check, a text to be recorded that is not
// UTF-8, an option given twice, a stray argument, and in finish() for an option that nobody declared. An option that is
// asked for after finish() would not be recorded: std::logic_error.
class Options {
 public:
  Options(std::string program, const std::vector<std::string>& arguments);
  // Values that options have unless the command line gives others: those of a run that this one goes on from, as its
  // values_json() was.
  void take_recorded(nlohmann::json values);
  // Takes back one of them.
  void forget_recorded(const std::string& name);
  // The recorded value of an option, as a text.
  std::optional<std::string> recorded(std::string_view name) const;
  // Adds a value to values_json() that is not an option of its own.
  void note(const std::string& name, nlohmann::json value);

  template <std::integral T>
  requires(!std::same_as<T, bool>) T
      get(std::string_view name, T fallback, std::string_view help, const Check& check = {}) {
    return static_cast<T>(number(name, static_cast<std::int64_t>(fallback), help, check, true, limit_of<T>()));
  }
  double get(std::string_view name, double fallback, std::string_view help, const Check& check = {}) {
    return number(name, fallback, help, check, true, std::numeric_limits<double>::max());
  }
  bool get(std::string_view name, bool fallback, std::string_view help) { return flag(name, fallback, help, true); }
  std::string get(std::string_view name, const std::string& fallback, std::string_view help, const Check& check = {}) {
    return text(name, fallback, help, check, true);
  }
  std::string get(std::string_view name, const char* fallback, std::string_view help, const Check& check = {}) {
    return text(name, fallback, help, check, true);
  }

  // Options that say where and how to run (--output, --quiet, --help, ...) but do not change the result: described, but
  // not among values_json().
  bool control(std::string_view name, bool fallback, std::string_view help) {
    return flag(name, fallback, help, false);
  }
  std::string control(std::string_view name, const char* fallback, std::string_view help, const Check& check = {}) {
    return text(name, fallback, help, check, false);
  }
  std::int64_t control(std::string_view name, std::int64_t fallback, std::string_view help, const Check& check = {}) {
    return number(name, fallback, help, check, false, std::numeric_limits<std::int64_t>::max());
  }
  double control(std::string_view name, double fallback, std::string_view help, const Check& check = {}) {
    return number(name, fallback, help, check, false, std::numeric_limits<double>::max());
  }

  // Takes --other for --name, which is asked for later: what it was called before, or is called elsewhere.
  void alias(std::string_view other, std::string_view name);
  const std::vector<std::string>& aliases() const { return aliases_; }
  // True if the command line names the option, declared or not.
  bool given(std::string_view name) const;
  // Its value on the command line, if it has one, before or after it is declared.
  std::optional<std::string> argument(std::string_view name) const;
  // How to refuse an option that nobody declares, by its name with '_': "is an option of adam"; empty: as unknown. The
  // first explanation counts.
  using Explanation = std::function<std::string(const std::string& name)>;
  void explain(Explanation why) { explanations_.push_back(std::move(why)); }
  // Call when all options are declared: refuses what is left, with the nearest name that is known.
  void finish();

  const std::string& program() const { return program_; }
  std::string help_text(std::string_view summary = {}) const;
  // {"program": ..., "options": [{"name", "type", "default", "help", "range", "choices", "recorded"}]}; type is
  // integer, number, string or boolean.
  nlohmann::json describe_json() const;
  // The effective value of each recorded option, defaults included.
  nlohmann::json values_json() const;
  // Of the controls that the command line gives.
  nlohmann::json controls_json() const;

 private:
  using Scalar = std::variant<bool, std::int64_t, double, std::string>;
  struct Argument {
    std::string spelled, name;  // as written without the dashes, and with '_' only
    bool inline_value = false, next_value = false;
    std::string value;
  };
  struct Declared {
    std::string name, help, range;
    std::vector<std::string> choices;
    Scalar fallback, value;
    bool recorded;
  };
  template <class T>
  static std::int64_t limit_of() {
    return std::cmp_less(std::numeric_limits<T>::max(), std::numeric_limits<std::int64_t>::max())
               ? static_cast<std::int64_t>(std::numeric_limits<T>::max())
               : std::numeric_limits<std::int64_t>::max();
  }

  const Argument* find(std::string_view name) const;
  // That, or the recorded value as one.
  const Argument* find_or_recorded(std::string_view name) const;
  const Argument* find_with_value(std::string_view name) const;
  std::string name_asked_for(std::string_view name) const;
  void declare(std::string_view name, Scalar fallback, Scalar value, std::string_view help, const Check& check,
               bool recorded);
  template <class Number>
  Number number(std::string_view name, Number fallback, std::string_view help, const Check& check, bool recorded,
                Number limit);
  bool flag(std::string_view name, bool fallback, std::string_view help, bool recorded);
  std::string text(std::string_view name, const std::string& fallback, std::string_view help, const Check& check,
                   bool recorded);
  static nlohmann::json to_json(const Scalar& value);

  std::string program_;
  std::vector<Argument> arguments_, recorded_;
  std::vector<Declared> declared_;
  std::vector<std::string> aliases_;
  std::vector<std::pair<std::string, std::string>> notes_;  // values as JSON
  std::vector<Explanation> explanations_;
  bool finished_ = false;
};

}  // namespace gradus::lab
