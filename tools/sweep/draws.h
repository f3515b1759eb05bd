// Values that are drawn instead of listed: `uniform(a,b)`, `log_uniform(a,b)`, `integer(a,b)` (both ends included) and
// `choice(a,b,...)`. The drawn options of a grid are drawn together: draw number i is one point, with a dimension for
// each. Draws depend on the seed, the options' names and the number alone, and are the same on every machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/sweep/values.h"

namespace gradus::sweep {

struct Distribution {
  enum class Kind { uniform, log_uniform, integer, choice };
  Kind kind = Kind::uniform;
  double low = 0, high = 0;                    // of uniform and log_uniform
  std::int64_t first = 0, last = 0;            // of integer
  std::vector<OptionValue> alternatives = {};  // of choice

  // For u in [0, 1).
  OptionValue at(double u) const;
  // Of uniform and log_uniform, with eight digits, which no mathematical library can make different.
  OptionValue rounded(double number) const;
  // Whether it can be drawn.
  bool may_be(const OptionValue& value) const;
};

// None where the text is not of that form. Throws UsageError, which begins with `where`, for a form with other numbers
// than it needs.
std::optional<Distribution> parse_distribution(std::string_view text, const std::string& where);

enum class DrawMethod {
  random,
  sobol,
  ask  // another program suggests them (search.h)
};

// How many draws a grid has, and which. What is not there is not said.
struct Draws {
  std::optional<std::int64_t> count = {};   // at least 1
  std::optional<std::uint64_t> seed = {};   // otherwise 0
  std::optional<DrawMethod> method = {};    // otherwise random
  std::optional<std::string> command = {};  // of ask
  std::optional<std::int64_t> window = {};  // of ask: how many are suggested before the first of them has been told

  // Takes what the other says.
  void override_by(const Draws& other);
};

// Throws UsageError.
DrawMethod parse_draw_method(std::string_view text, const std::string& where);

// Numbers u in [0, 1) for each of the options, in their order, and each draw. By the method random an option's are
// independent of which others there are. By sobol they are Sobol's sequence with the directions of Joe & Kuo (2008),
// from its origin on, with a digital shift for each option: the best balanced of a power of two of draws.
class Sampler {
 public:
  // Throws UsageError for more options than there are dimensions, or more draws than a sweep has runs.
  Sampler(const Draws& draws, std::vector<std::string> options);

  std::int64_t count() const { return count_; }
  double at(const std::string& option, std::int64_t number) const;

 private:
  std::int64_t count_ = 0;
  std::uint64_t seed_ = 0;
  DrawMethod method_ = DrawMethod::random;
  std::vector<std::string> options_;
  std::vector<std::uint64_t> shifts_;  // of each option
  std::vector<std::uint64_t> points_;  // [draws, options]
};

}  // namespace gradus::sweep
