#include "tools/sweep/draws.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/sobol.hpp>
#include <cmath>

#include "autodiff/tensor/random.h"
#include "settings/parse.h"

namespace gradus::sweep {
namespace {

constexpr std::size_t most_dimensions = 3667;  // for which Boost has directions

struct Form {
  const char* name;
  Distribution::Kind kind;
};
constexpr Form forms[] = {{"uniform", Distribution::Kind::uniform},
                          {"log_uniform", Distribution::Kind::log_uniform},
                          {"integer", Distribution::Kind::integer},
                          {"choice", Distribution::Kind::choice}};

[[noreturn]] void refuse(std::string_view text, const std::string& where, const std::string& expected) {
  throw UsageError(fmt::format("{}: bad draw '{}': expected {}", where, text, expected));
}

}  // namespace

std::optional<Distribution> parse_distribution(std::string_view text, const std::string& where) {
  text = trim(text);
  const std::size_t open = text.find('(');
  if (open == text.npos) return std::nullopt;
  const auto form =
      std::find_if(std::begin(forms), std::end(forms), [&](const Form& f) { return text.substr(0, open) == f.name; });
  if (form == std::end(forms)) return std::nullopt;
  if (!text.ends_with(')')) refuse(text, where, fmt::format("{}(...) and nothing else", form->name));
  const std::string_view inner = text.substr(open + 1, text.size() - open - 2);
  Distribution distribution;
  distribution.kind = form->kind;
  if (form->kind == Distribution::Kind::choice) {
    distribution.alternatives = parse_list(inner, where);
    return distribution;
  }
  const std::vector<std::string> parts = split(inner, ',');
  if (form->kind == Distribution::Kind::integer) {
    const auto first = parts.size() == 2 ? settings::number_in<std::int64_t>(trim(parts[0])) : std::nullopt;
    const auto last = parts.size() == 2 ? settings::number_in<std::int64_t>(trim(parts[1])) : std::nullopt;
    constexpr std::int64_t largest = std::int64_t{1} << 53;
    if (!first || !last || *first > *last || *first < -largest || *last > largest)
      refuse(text, where, "integer(first,last), two integers of at most 2^53, the first not above the last");
    distribution.first = *first;
    distribution.last = *last;
    return distribution;
  }
  const bool logarithmic = form->kind == Distribution::Kind::log_uniform;
  const auto low = parts.size() == 2 ? settings::number_in<double>(trim(parts[0])) : std::nullopt;
  const auto high = parts.size() == 2 ? settings::number_in<double>(trim(parts[1])) : std::nullopt;
  if (!low || !high || !std::isfinite(*low) || !std::isfinite(*high) || !(*low < *high) || (logarithmic && !(*low > 0)))
    refuse(text, where,
           fmt::format("{}(low,high), two numbers{}, the first below the second", form->name,
                       logarithmic ? " above 0" : ""));
  distribution.low = *low;
  distribution.high = *high;
  return distribution;
}

OptionValue Distribution::rounded(double number) const {
  const double near = *settings::number_in<double>(fmt::format("{:.8g}", number));
  return make_value(fmt::format("{}", std::clamp(near, low, high)));
}

OptionValue Distribution::at(double u) const {
  switch (kind) {
    case Kind::uniform:
      return rounded(std::lerp(low, high, u));
    case Kind::log_uniform:
      return rounded(std::exp(std::lerp(std::log(low), std::log(high), u)));
    case Kind::integer: {
      const auto many = static_cast<double>(last - first) + 1;
      return make_value(fmt::format("{}", std::min(last, first + static_cast<std::int64_t>(u * many))));
    }
    case Kind::choice:
      break;
  }
  return alternatives[static_cast<std::size_t>(u * static_cast<double>(alternatives.size()))];
}

bool Distribution::may_be(const OptionValue& value) const {
  if (kind == Kind::choice)
    return std::any_of(alternatives.begin(), alternatives.end(),
                       [&](const OptionValue& one) { return one.json == value.json; });
  if (!value.json.is_number()) return false;
  const double number = value.json.get<double>();
  if (kind == Kind::integer)
    return value.json.is_number_integer() && static_cast<double>(first) <= number &&
           number <= static_cast<double>(last);
  return low <= number && number <= high;
}

void Draws::override_by(const Draws& other) {
  if (other.count) count = other.count;
  if (other.seed) seed = other.seed;
  if (other.method) {
    method = other.method;
    command.reset();  // of the method that it had
  }
  if (other.command) command = other.command;
  if (other.window) window = other.window;
}

DrawMethod parse_draw_method(std::string_view text, const std::string& where) {
  if (text == "random") return DrawMethod::random;
  if (text == "sobol") return DrawMethod::sobol;
  if (text == "tpe" || text == "ask") return DrawMethod::ask;
  throw UsageError(fmt::format("{}: '{}': expected random, sobol, tpe or ask", where, text));
}

Sampler::Sampler(const Draws& draws, std::vector<std::string> options)
    : count_(draws.count.value_or(0)),
      seed_(draws.seed.value_or(0)),
      method_(draws.method.value_or(DrawMethod::random)),
      options_(std::move(options)) {
  if (count_ > max_values) throw UsageError(fmt::format("{} draws: expected at most {}", count_, max_values));
  if (method_ != DrawMethod::sobol || options_.empty()) return;
  if (options_.size() > most_dimensions)
    throw UsageError(
        fmt::format("{} options are drawn: Sobol's sequence has at most {} dimensions (the method random "
                    "has no bound)",
                    options_.size(), most_dimensions));
  for (const std::string& option : options_) shifts_.push_back(RandomStream(seed_, "shift of " + option).bits());
  boost::random::sobol sequence(options_.size());
  points_.assign(options_.size(), 0);  // the origin, which Boost leaves out
  while (points_.size() < static_cast<std::size_t>(count_) * options_.size()) points_.push_back(sequence());
}

double Sampler::at(const std::string& option, std::int64_t number) const {
  const auto index = static_cast<std::uint64_t>(number);
  std::uint64_t bits = 0;
  if (method_ != DrawMethod::sobol) {
    bits = RandomStream(seed_, "draw of " + option, index).bits();
  } else {
    const auto column =
        static_cast<std::size_t>(std::find(options_.begin(), options_.end(), option) - options_.begin());
    bits = points_[index * options_.size() + column] ^ shifts_[column];
  }
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

}  // namespace gradus::sweep
