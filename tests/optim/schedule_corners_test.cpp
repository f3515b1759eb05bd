// Every schedule at its first, last, boundary and later steps against its formula in exact rational arithmetic; only
// powers, roots and cosines are taken of a rational number, to 50 digits.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "optim/schedule.h"

namespace gradus::optim {
namespace {

using Q = boost::multiprecision::cpp_rational;
using R = boost::multiprecision::cpp_bin_float_50;

// The numbers of a schedule as somebody writes them, "1.2", which are 6/5 for the reference.
using Texts = std::vector<std::pair<std::string, std::string>>;

Q exact(const std::string& decimal) {
  const std::size_t point = std::min(decimal.find('.'), decimal.size());
  boost::multiprecision::cpp_int digits = 0, denominator = 1;
  for (std::size_t i = 0; i < decimal.size(); ++i) {
    if (i == point) continue;
    digits = 10 * digits + (decimal[i] - '0');
    if (i > point) denominator *= 10;
  }
  return Q(digits, denominator);
}
Q number(const Texts& texts, const std::string& name, const std::string& otherwise) {
  for (const auto& [key, text] : texts)
    if (key == name) return exact(text);
  return exact(otherwise);
}
boost::multiprecision::cpp_int floored(const Q& q) { return numerator(q) / denominator(q); }
std::int64_t whole(const Q& q) { return static_cast<std::int64_t>(floored(q)); }
R real(const Q& q) { return R(numerator(q)) / R(denominator(q)); }
R half_cosine(const Q& x) {  // from 1 to 0
  return (1 + cos(boost::math::constants::pi<R>() * real(x))) / 2;
}
R mix(const Q& end, const R& x) { return real(end) + (1 - real(end)) * x; }
Q least(const Q& a, const Q& b) { return a < b ? a : b; }

// What is raised to the power of a million steps: the double itself, of which 0.999 is only the name.
R factor_of(const Texts& texts, const char* otherwise) {
  for (const auto& [key, text] : texts)
    if (key == "factor") return R(std::stod(text));
  return R(std::stod(otherwise));
}

// The factor on a base of 1 at step t after the warm-up.
R reference(const std::string& name, const Texts& v, const Q& t) {
  const auto get = [&](const char* key, const char* otherwise) { return number(v, key, otherwise); };
  const Q length = get("steps", "10000"), final_factor = get("final_factor", "0");
  if (name == "step") return pow(factor_of(v, "0.1"), R(floored(t / get("every", "1000"))));
  if (name == "exponential") return pow(factor_of(v, "0.999"), real(t));
  if (name == "polynomial") {
    const Q left = 1 - least(t / length, 1);
    return mix(final_factor, left == 0 ? R(0) : R(pow(real(left), real(get("power", "1")))));
  }
  if (name == "cosine") {
    Q begin = 0, cycle = length;
    if (number(v, "restarts", "0") == 0) return mix(final_factor, half_cosine(least(t / length, 1)));
    const Q growth = get("cycle_growth", "1");
    if (growth == 1)
      begin = length * Q(floored(t / length));
    else
      while (begin + cycle <= t) {
        begin += cycle;
        cycle *= growth;
      }
    return mix(final_factor, half_cosine((t - begin) / cycle));
  }
  if (name == "one_cycle") {
    const Q last = length - 1, peak = get("rise", "0.3") * last;
    if (t < peak || (t == peak && peak > 0)) return mix(get("start_factor", "0.04"), 1 - half_cosine(t / peak));
    return mix(get("final_factor", "0.000004"), last > peak ? half_cosine(least((t - peak) / (last - peak), 1)) : R(0));
  }
  if (name == "warmup_stable_decay") {
    const Q decay = least(get("decay_steps", "2000"), length), start = length - decay;
    if (t < start) return 1;
    return mix(final_factor, decay > 0 ? real(1 - least((t - start) / decay, 1)) : R(0));
  }
  if (name == "inverse_sqrt") return sqrt(real(get("offset", "1000") / (get("offset", "1000") + t)));
  if (name == "sutskever_momentum") {
    const R by_formula = 1 - pow(R(2), -1 - log2(R(floored(t / get("every", "250"))) + 1));
    return by_formula < 1 ? by_formula : R(1);
  }
  return 1;  // constant, and plateau before it has observed anything
}

R with_warmup(const std::string& name, const Texts& v, std::int64_t step) {
  const std::int64_t warmup = whole(number(v, "warmup_steps", "0"));
  if (step >= warmup) return reference(name, v, Q(step) - warmup);
  const Q x = (Q(step) + 1) / warmup;
  const bool cosine = std::any_of(v.begin(), v.end(), [](const auto& pair) { return pair.second == "cosine"; });
  return reference(name, v, 0) * (cosine ? R(1 - half_cosine(x)) : real(x));
}

Schedule made(const std::string& name, const Texts& texts) {
  NamedValues values;
  for (const auto& [key, text] : texts) {
    if (key == "warmup")
      values.emplace_back(key, text);
    else
      values.emplace_back(key, std::stod(text));
  }
  return {name, values};
}

// Compares at these steps and their neighbours: `accuracy` is relative to the value, `of_base` to the base.
void compare(const std::string& name, const Texts& texts, const std::set<std::int64_t>& corners,
             double accuracy = 4e-15, double of_base = 0) {
  std::string what = name;
  for (const auto& [key, text] : texts) what += " " + key + "=" + text;
  const Schedule schedule = made(name, texts);
  std::set<std::int64_t> steps;
  for (const std::int64_t corner : corners)
    for (const std::int64_t beside : {-1, 0, 1})
      if (corner >= -beside && corner <= std::numeric_limits<std::int64_t>::max() - 1) steps.insert(corner + beside);
  for (const std::int64_t step : steps) {
    const R expected = with_warmup(name, texts, step);
    const double found = schedule.at(step, 1);
    if (expected > R(std::numeric_limits<double>::max())) {
      EXPECT_EQ(found, std::numeric_limits<double>::infinity()) << what << " at step " << step;
      continue;
    }
    // What is below the smallest normal number has fewer digits.
    const R off = abs(R(found) - expected), allowed = accuracy * abs(expected) + of_base + 1e-300;
    EXPECT_LE(off, allowed) << what << " at step " << step << ": " << found << ", expected "
                            << static_cast<double>(expected);
  }
}

constexpr std::int64_t far = std::int64_t{1} << 53, farthest = std::int64_t{1} << 62;

// Every schedule with and without warm-up, the shortest and the longest lengths, ends of ranges.
TEST(ScheduleCorners, AreWhereExactArithmeticHasThem) {
  std::set<std::string> covered;
  const auto check = [&](const std::string& name, const Texts& own, const std::set<std::int64_t>& corners) {
    covered.insert(name);
    std::set<std::int64_t> all = corners;
    all.insert({0, 1, 1000000, far, farthest});
    compare(name, own, all);
    for (const std::string warmup : {"1", "2", "7", "100000"})  // the last is longer than most schedules
      for (const char* shape : {"linear", "cosine"}) {
        const std::int64_t steps = std::stoll(warmup);
        Texts warm = own;
        warm.insert(warm.end(), {{"warmup_steps", warmup}, {"warmup", shape}});
        std::set<std::int64_t> later{0, steps / 2, steps - 1, steps, far};
        for (const std::int64_t corner : corners) later.insert(steps + corner);
        compare(name, warm, later);
      }
  };
  check("constant", {}, {10});
  check("plateau", {}, {10});
  for (const std::string every : {"1", "3", "1000", "999999999999999"}) {
    const std::int64_t k = std::stoll(every);
    for (const char* factor : {"0.1", "0.5", "1", "1.0001"})
      check("step", {{"every", every}, {"factor", factor}}, {k, 2 * k, 7 * k});
    check("sutskever_momentum", {{"every", every}}, {k, 2 * k, 7 * k});
  }
  for (const char* factor : {"0.999", "0.5", "1"}) check("exponential", {{"factor", factor}}, {10, 500});
  for (const std::string length : {"1", "2", "3", "10", "1000", "1000000", "999999999999999"}) {
    const std::int64_t n = std::stoll(length);
    for (const char* end : {"0", "0.1", "1", "2"}) {
      for (const char* power : {"0.5", "1", "2"})
        check("polynomial", {{"steps", length}, {"power", power}, {"final_factor", end}}, {n / 2, n});
      check("cosine", {{"steps", length}, {"final_factor", end}}, {n / 2, n, 2 * n});
      for (const std::string rise : {"0", "0.3", "0.55", "0.7", "1"}) {
        const std::int64_t peak = whole(exact(rise) * (n - 1));
        check("one_cycle", {{"steps", length}, {"rise", rise}, {"final_factor", end}}, {peak, peak + 1, n - 1, n});
      }
      for (const std::string decay : {"0", "1", "7", "2000"}) {
        const std::int64_t start = n - std::min<std::int64_t>(n, std::stoll(decay));
        check("warmup_stable_decay", {{"steps", length}, {"decay_steps", decay}, {"final_factor", end}},
              {start, n - 1, n});
      }
    }
  }
  for (const char* offset : {"1", "1000", "999999999999999"}) check("inverse_sqrt", {{"offset", offset}}, {10, 1000});
  for (const ScheduleKind& kind : schedules()) EXPECT_TRUE(covered.contains(kind.name)) << kind.name;
}

// Where cycles begin: at the first whole step that exact arithmetic allows, and not one later or earlier.
TEST(ScheduleCorners, CyclesBeginAtTheirStep) {
  int whole_starts = 0;
  const std::vector<std::string> growths{"1",
                                         "1.1",
                                         "1.2",
                                         "1.25",
                                         "1.3",
                                         "1.4",
                                         "1.5",
                                         "1.6",
                                         "1.7",
                                         "1.8",
                                         "1.9",
                                         "2",
                                         "2.5",
                                         "3",
                                         "7",
                                         "10",
                                         "1.01",
                                         "1.001",
                                         "1.0000000000000002",
                                         "1.0000001",
                                         "2.718281828459045",
                                         "123456.78901234567",
                                         "1000000"};
  for (const std::int64_t length : {1, 2, 4, 5, 8, 10, 20, 25, 50, 100, 125, 200, 250, 400, 500, 625, 1000, 1000000})
    for (const std::string& growth : growths) {
      Q begin = 0, cycle = length;
      std::set<std::int64_t> corners{0};
      for (int n = 1; n < 12 && begin + cycle < Q(far); ++n) {
        begin += cycle;
        cycle *= exact(growth);
        whole_starts += denominator(begin) == 1;
        corners.insert(whole(begin));  // and its neighbours: before and after a boundary between steps
      }
      // Just before its end a cosine is the square of what is left, of which cycles that begin between steps have
      // 1e-19.
      compare("cosine", {{"steps", std::to_string(length)}, {"restarts", "1"}, {"cycle_growth", growth}}, corners,
              1e-13, 1e-20);
    }
  EXPECT_GT(whole_starts, 1000);
  for (const char* growth : {"1.5", "1.75", "2", "3.3", "1000"})
    compare("cosine", {{"steps", "12"}, {"restarts", "1"}, {"cycle_growth", growth}}, {1000, 123456789, far, farthest},
            1e-11, 1e-20);
}

TEST(ScheduleCorners, BeginAndEndExactly) {
  for (const double base : {0.1, 0.3, 1e-7})
    for (const double end : {0.0, 4e-6, 0.1, 0.7}) {
      for (const char* name : {"polynomial", "cosine", "warmup_stable_decay"}) {
        const Schedule schedule(name, {{"steps", 30}, {"final_factor", end}});
        EXPECT_EQ(schedule.at(0, base), base) << name;
        EXPECT_EQ(schedule.at(30, base), base * end) << name;
      }
      const Schedule cycle("one_cycle", {{"steps", 31}, {"start_factor", end}, {"final_factor", end}});
      EXPECT_EQ(cycle.at(0, base), base * end);
      EXPECT_EQ(cycle.at(9, base), base);
      EXPECT_EQ(cycle.at(30, base), base * end);
    }
  // What grows beyond all numbers leaves 0 what it is, and time begins at 0.
  EXPECT_EQ(Schedule("exponential", {{"factor", 10.0}}).at(100000, 0), 0);
  EXPECT_THROW(Schedule("constant", {}).at(-1, 1), std::invalid_argument);
}

}  // namespace
}  // namespace gradus::optim
