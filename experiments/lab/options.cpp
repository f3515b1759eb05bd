#include "experiments/lab/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "experiments/records/text.h"
#include "settings/nearest_name.h"
#include "settings/parse.h"
#include "settings/text.h"

namespace gradus::lab {
namespace {

std::string replaced(std::string_view text, char from, char to) {
  std::string copy(text);
  std::replace(copy.begin(), copy.end(), from, to);
  return copy;
}

bool allowed(const Check& check, double value) {
  return std::isfinite(value) && (!check.number || check.number(value));
}

[[noreturn]] void refuse(std::string_view spelled, std::string_view value, std::string_view kind, const Check& check) {
  throw UsageError(
      fmt::format("--{}={}: expected {}{}{}", spelled, value, kind, check.range.empty() ? "" : " ", check.range));
}

void check_default(std::string_view name, bool good) {
  if (!good) throw std::logic_error(fmt::format("option {}: its default is outside its range", name));
}

}  // namespace

Check at_least(double low) {
  return {.range = fmt::format(">= {}", low), .number = [low](double x) { return x >= low; }};
}
Check more_than(double low) {
  return {.range = fmt::format("> {}", low), .number = [low](double x) { return x > low; }};
}
Check between(double low, double high) {
  return {.range = fmt::format("from {} to {}", low, high),
          .number = [low, high](double x) { return x >= low && x <= high; }};
}
Check from_to_below(double low, double high) {
  return {.range = fmt::format("from {} to below {}", low, high),
          .number = [low, high](double x) { return x >= low && x < high; }};
}
Check one_of(std::vector<std::string> choices) {
  std::string range = fmt::format("one of {}", fmt::join(choices, ", "));
  return {.range = std::move(range), .choices = std::move(choices)};
}
Check written_as(std::function<std::string(const std::string&)> canonical) {
  return {.range = "", .canonical = std::move(canonical)};
}
std::vector<double> parse_numbers(std::string_view option, const std::string& text) {
  std::vector<double> numbers;
  for (const std::string_view part : settings::split(text, ',')) {
    const auto number = settings::number_in<double>(part);
    if (!number || !std::isfinite(*number))
      throw UsageError(fmt::format("--{}={}: expected numbers separated by commas", option, text));
    numbers.push_back(*number);
  }
  return numbers;
}

Check numbers_or(std::string option, std::vector<std::string> words) {
  return written_as([option = std::move(option), words = std::move(words)](const std::string& text) {
    if (std::find(words.begin(), words.end(), text) != words.end()) return text;
    return fmt::format("{}", fmt::join(parse_numbers(option, text), ","));
  });
}

Options::Options(std::string program, const std::vector<std::string>& arguments) : program_(std::move(program)) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word != "-h" && (word.size() < 3 || !word.starts_with("--")))
      throw UsageError(fmt::format("unexpected argument '{}': expected --name=value", word));
    Argument argument;
    const std::size_t equals = word.find('=');
    argument.spelled = word == "-h" ? "help" : word.substr(2, equals == std::string::npos ? equals : equals - 2);
    argument.name = replaced(argument.spelled, '-', '_');
    if (argument.name.empty()) throw UsageError(fmt::format("unexpected argument '{}': expected --name=value", word));
    if (equals != std::string::npos) {
      argument.inline_value = true;
      argument.value = word.substr(equals + 1);
    } else if (word != "-h" && i + 1 < arguments.size() && !arguments[i + 1].starts_with("--") &&
               arguments[i + 1] != "-h") {
      argument.next_value = true;
      argument.value = arguments[++i];
    }
    if (find(argument.name)) throw UsageError(fmt::format("option --{} is given twice", argument.spelled));
    arguments_.push_back(std::move(argument));
  }
}

const Options::Argument* Options::find(std::string_view name) const {
  for (const Argument& argument : arguments_)
    if (argument.name == name) return &argument;
  return nullptr;
}

void Options::take_recorded(nlohmann::json values) {
  for (const auto& [name, value] : values.items())
    recorded_.push_back({name, name, true, false, value.is_string() ? value.get<std::string>() : value.dump()});
}

void Options::forget_recorded(const std::string& name) {
  std::erase_if(recorded_, [&](const Argument& argument) { return argument.name == name; });
}

std::optional<std::string> Options::recorded(std::string_view name) const {
  for (const Argument& argument : recorded_)
    if (argument.name == name) return argument.value;
  return std::nullopt;
}

void Options::note(const std::string& name, nlohmann::json value) { notes_.emplace_back(name, value.dump()); }

std::optional<std::string> Options::argument(std::string_view name) const {
  const Argument* argument = find(replaced(name, '-', '_'));
  if (!argument || (!argument->inline_value && !argument->next_value)) return std::nullopt;
  return argument->value;
}

const Options::Argument* Options::find_or_recorded(std::string_view name) const {
  if (const Argument* argument = find(name)) return argument;
  for (const Argument& argument : recorded_)
    if (argument.name == name) return &argument;
  return nullptr;
}

const Options::Argument* Options::find_with_value(std::string_view name) const {
  const Argument* argument = find_or_recorded(name);
  if (argument && !argument->inline_value && !argument->next_value)
    throw UsageError(fmt::format("option --{} needs a value", argument->spelled));
  return argument;
}

std::string Options::name_asked_for(std::string_view spelled) const {
  if (finished_)
    throw std::logic_error(
        fmt::format("option {}: asked for after the options were finished, too late to be checked and recorded: ask "
                    "before start() or finish_options()",
                    spelled));
  return replaced(spelled, '-', '_');
}

void Options::alias(std::string_view other, std::string_view name) {
  aliases_.emplace_back(other);
  for (Argument& argument : arguments_) {
    if (argument.name != other) continue;
    if (const Argument* twin = find(name))
      throw UsageError(fmt::format("options --{} and --{} are the same one", argument.spelled, twin->spelled));
    argument.name = name;
  }
}

bool Options::given(std::string_view name) const { return find(replaced(name, '-', '_')) != nullptr; }

void Options::declare(std::string_view name, Scalar fallback, Scalar value, std::string_view help, const Check& check,
                      bool recorded) {
  // Two parts of a program may ask for the same option, as long as they agree on what it is.
  for (const Declared& known : declared_)
    if (known.name == name) {
      if (known.fallback != fallback || known.recorded != recorded)
        throw std::logic_error(fmt::format("option {} is declared twice, with different defaults", name));
      return;
    }
  declared_.push_back({std::string(name), std::string(help), check.range, check.choices, std::move(fallback),
                       std::move(value), recorded});
}

template <class Number>
Number Options::number(std::string_view asked, Number fallback, std::string_view help, const Check& check,
                       bool recorded, Number limit) {
  const std::string name = name_asked_for(asked);
  check_default(name, allowed(check, static_cast<double>(fallback)));
  Number value = fallback;
  if (const Argument* argument = find_with_value(name)) {
    const auto parsed = settings::number_in<Number>(argument->value);
    if (!parsed || *parsed > limit || *parsed < -limit || !allowed(check, static_cast<double>(*parsed)))
      refuse(argument->spelled, argument->value, std::is_integral_v<Number> ? "an integer" : "a number", check);
    value = *parsed;
  }
  declare(name, fallback, value, help, check, recorded);
  return value;
}
template std::int64_t Options::number(std::string_view, std::int64_t, std::string_view, const Check&, bool,
                                      std::int64_t);
template double Options::number(std::string_view, double, std::string_view, const Check&, bool, double);

bool Options::flag(std::string_view asked, bool fallback, std::string_view help, bool recorded) {
  const std::string name = name_asked_for(asked);
  bool value = fallback;
  if (const Argument* argument = find_or_recorded(name)) {
    const std::string& text = argument->value;
    if (!argument->inline_value && !argument->next_value) {
      value = true;
    } else if (text == "true" || text == "1" || text == "yes" || text == "on") {
      value = true;
    } else if (text == "false" || text == "0" || text == "no" || text == "off") {
      value = false;
    } else if (argument->next_value) {
      throw UsageError(
          fmt::format("unexpected argument '{}' after --{}: expected --name=value", text, argument->spelled));
    } else {
      refuse(argument->spelled, text, "true or false", {});
    }
  }
  declare(name, fallback, value, help, {}, recorded);
  return value;
}

std::string Options::text(std::string_view asked, const std::string& fallback, std::string_view help,
                          const Check& check, bool recorded) {
  const std::string name = name_asked_for(asked);
  const auto good = [&](const std::string& value) {
    return check.choices.empty() || std::find(check.choices.begin(), check.choices.end(), value) != check.choices.end();
  };
  check_default(name, good(fallback));
  std::string value = fallback;
  if (const Argument* argument = find_with_value(name)) {
    value = argument->value;
    if (value.find('\0') != std::string::npos)
      throw UsageError(fmt::format("--{}={}: expected a text without NUL", argument->spelled, value));
    if (recorded && !records::is_utf8(value))
      throw UsageError(fmt::format("--{}={}: expected UTF-8, for the run's record", argument->spelled, value));
    if (!good(value))
      throw UsageError(
          fmt::format("--{}={}: {}", argument->spelled, value, settings::choices_text(value, check.choices)));
    if (check.canonical) value = check.canonical(value);
  }
  declare(name, fallback, value, help, check, recorded);
  return value;
}

void Options::finish() {
  for (const Argument& argument : arguments_) {
    const auto known = [&](const Declared& declared) { return declared.name == argument.name; };
    if (std::any_of(declared_.begin(), declared_.end(), known)) continue;
    for (const Explanation& explanation : explanations_)
      if (const std::string why = explanation(argument.name); !why.empty())
        throw UsageError(fmt::format("--{} {}", argument.spelled, why));
    std::vector<std::string> names;
    for (const Declared& declared : declared_) names.push_back(declared.name);
    std::string message = fmt::format("unknown option --{}", argument.spelled);
    if (const std::string near = settings::nearest_name(argument.name, names); !near.empty()) {
      // In the spelling of whoever asks.
      const bool underscores = argument.spelled.find('_') != std::string::npos;
      message += fmt::format(": did you mean --{}?", underscores ? near : replaced(near, '_', '-'));
    } else {
      message += ": --help lists what there is";
    }
    throw UsageError(message);
  }
  finished_ = true;
}

nlohmann::json Options::to_json(const Scalar& value) {
  return std::visit([](const auto& v) { return nlohmann::json(v); }, value);
}

std::string Options::help_text(std::string_view summary) const {
  std::string text = fmt::format("usage: {} [--name=value ...]\n", program_);
  if (!summary.empty()) text += fmt::format("{}\n", summary);
  for (const bool recorded : {true, false}) {
    std::string part;
    for (const Declared& option : declared_) {
      if (option.recorded != recorded) continue;
      std::string left = fmt::format("--{}", replaced(option.name, '_', '-'));
      if (const bool* on = std::get_if<bool>(&option.fallback)) {
        if (*on) left += "=true";
      } else if (const std::string* fallback = std::get_if<std::string>(&option.fallback)) {
        left += "=" + *fallback;
      } else {
        left += fmt::format("={}", to_json(option.fallback).dump());
      }
      part += fmt::format("  {:<34} {}{}\n", left, option.help,
                          option.range.empty() ? "" : fmt::format(" ({})", option.range));
    }
    if (!part.empty()) text += (recorded ? "\nExperiment (shown with defaults):\n" : "\nProgram:\n") + part;
  }
  return text;
}

nlohmann::json Options::describe_json() const {
  static constexpr const char* types[] = {"boolean", "integer", "number", "string"};
  auto options = nlohmann::json::array();
  for (const Declared& option : declared_) {
    nlohmann::json described{{"name", option.name},
                             {"type", types[option.fallback.index()]},
                             {"default", to_json(option.fallback)},
                             {"help", option.help},
                             {"range", option.range},
                             {"recorded", option.recorded}};
    if (!option.choices.empty()) described["choices"] = option.choices;
    options.push_back(std::move(described));
  }
  return {{"program", program_}, {"options", std::move(options)}};
}

nlohmann::json Options::controls_json() const {
  auto controls = nlohmann::json::object();
  for (const Declared& option : declared_)
    if (!option.recorded && find_or_recorded(option.name)) controls[option.name] = to_json(option.value);
  return controls;
}

nlohmann::json Options::values_json() const {
  auto values = nlohmann::json::object();
  for (const Declared& option : declared_)
    if (option.recorded) values[option.name] = to_json(option.value);
  for (const auto& [name, value] : notes_) values[name] = nlohmann::json::parse(value);
  return values;
}

}  // namespace gradus::lab
