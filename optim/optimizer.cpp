#include "optim/optimizer.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>

namespace gradus::optim {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

template <class Items>
std::string choices(const std::string& asked, const Items& items) {
  std::string names, nearest;
  std::size_t best = asked.size();
  for (const auto& item : items) {
    names += (names.empty() ? "" : ", ") + item.name;
    if (const std::size_t d = distance(asked, item.name); d < best) best = d, nearest = item.name;
  }
  const std::string hint = nearest.empty() || best > 2 ? "" : "did you mean " + nearest + "? ";
  return hint + "expected one of " + names;
}

std::string range(const Hyperparameter& h) {
  if (h.is_flag) return "0 or 1";
  if (h.high == infinity) return h.low > 0 ? "a finite number > 0" : "a finite number >= 0";
  return "0 <= " + h.name + " < 1";
}

void check(const std::string& optimizer, const Hyperparameter& h, double value) {
  const bool inside = std::isfinite(value) && value >= h.low && (h.high_open ? value < h.high : value <= h.high);
  if (!inside || (h.is_flag && value != 0 && value != 1)) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", value);
    throw std::invalid_argument(optimizer + ": " + h.name + " = " + text + ", expected " + range(h));
  }
}

struct ByteCounter final : StateVisitor {
  std::int64_t bytes = 0;
  void tensor(std::string_view, Tensor& value) override {
    if (value.defined()) bytes += static_cast<std::int64_t>(value.bytes());
  }
  void counter(std::string_view, std::int64_t&) override {}
};

}  // namespace

Hyperparameter positive(std::string name, double value, std::string help) {
  return {std::move(name), value, std::numeric_limits<double>::min(), infinity, true, std::move(help)};
}
Hyperparameter non_negative(std::string name, double value, std::string help) {
  return {std::move(name), value, 0, infinity, true, std::move(help)};
}
Hyperparameter decay(std::string name, double value, std::string help) {
  return {std::move(name), value, 0, 1, true, std::move(help)};
}
Hyperparameter flag(std::string name, bool value, std::string help) {
  return {std::move(name), value ? 1.0 : 0.0, 0, 1, false, std::move(help), true};
}

double Settings::operator[](std::string_view name) const {
  for (const auto& [known, value] : values_)
    if (known == name) return value;
  throw std::logic_error("settings: no hyperparameter " + std::string(name));
}

std::int64_t Optimizer::state_bytes() {
  ByteCounter counter;
  visit(counter);
  return counter.bytes;
}

const Method& method(const std::string& name) {
  for (const Method& candidate : methods())
    if (candidate.name == name) return candidate;
  throw std::invalid_argument("unknown optimizer '" + name + "': " + choices(name, methods()));
}

std::unique_ptr<Optimizer> make_optimizer(const std::string& name, const NamedValues& hyperparameters) {
  const Method& chosen = method(name);
  for (const auto& [given, value] : hyperparameters)
    if (std::none_of(chosen.hyperparameters.begin(), chosen.hyperparameters.end(),
                     [&](const Hyperparameter& h) { return h.name == given; }))
      throw std::invalid_argument(name + ": unknown hyperparameter '" + given +
                                  "': " + choices(given, chosen.hyperparameters));
  Settings settings;
  for (const Hyperparameter& h : chosen.hyperparameters) {
    double value = h.default_value;
    for (const auto& [given, its_value] : hyperparameters)
      if (given == h.name) value = its_value;
    check(name, h, value);
    settings.set(h.name, value);
  }
  return chosen.make(settings);
}

}  // namespace gradus::optim
