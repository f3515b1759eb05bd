#include "optim/cycles.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>
#include <string_view>

namespace gradus::optim {
namespace {

struct Fraction {
  std::int64_t numerator, denominator;  // without a common factor
};

// The shortest decimal number that is read as this one, of at most 17 digits and at most 1e6: what somebody wrote.
Fraction written_as(double number) {
  std::array<char, 64> text{};
  const char* const end = std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed).ptr;
  Fraction fraction{0, 1};
  bool behind_point = false;
  for (const char* c = text.data(); c != end; ++c) {
    if (*c == '.') {
      behind_point = true;
      continue;
    }
    fraction.numerator = 10 * fraction.numerator + (*c - '0');
    if (behind_point) fraction.denominator *= 10;
  }
  const std::int64_t common = std::gcd(fraction.numerator, fraction.denominator);
  return {fraction.numerator / common, fraction.denominator / common};
}

// The same for cycles of which none but the first begins at a whole step, so that rounding decides nothing as long as
// it is small: long double has it at 1e-19 of a step's number.
double left_of_broken_cycle(std::int64_t t, long double length, long double growth_less_one) {
  const long double steps = static_cast<long double>(t), log_growth = std::log1p(growth_less_one);
  // Cycle n begins at length (growth^n - 1) / (growth - 1).
  const auto start = [&](long double n) { return length * std::expm1(n * log_growth) / growth_less_one; };
  long double n = std::floor(std::log1p(steps * growth_less_one / length) / log_growth);
  while (n > 0 && start(n) > steps) --n;
  while (start(n + 1) <= steps) ++n;
  const long double next = start(n + 1);
  return static_cast<double>((next - steps) / (next - start(n)));
}

}  // namespace

double left_of_cycle(std::int64_t t, std::int64_t length, double growth) {
  if (growth == 1) return static_cast<double>(length - t % length) / static_cast<double>(length);
  const auto [p, q] = written_as(growth);
  // Exactly, as long as lengths are whole numbers: with growth = p / q, length (p / q)^n is one up to some n and never
  // again, and neither is a sum of lengths.
  while (t >= length) {
    t -= length;
    const bool whole = length % q == 0;
    if (!whole || length / q > std::numeric_limits<std::int64_t>::max() / p) {
      const long double next =
          static_cast<long double>(length) / static_cast<long double>(q) * static_cast<long double>(p);
      if (whole)
        return static_cast<double>((next - static_cast<long double>(t)) / next);  // longer than there are steps
      return left_of_broken_cycle(t, next, static_cast<long double>(p - q) / static_cast<long double>(q));
    }
    length = length / q * p;
  }
  return static_cast<double>(length - t) / static_cast<double>(length);
}

}  // namespace gradus::optim
