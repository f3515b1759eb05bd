#include "experiments/records/whole_number.h"

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace gradus::records {
namespace {

using nlohmann::json;

TEST(WholeNumber, IsWhatTheTypeHolds) {
  EXPECT_EQ(whole_number<int>(json(-5)), -5);
  EXPECT_EQ(whole_number<std::int64_t>(json::parse("-9223372036854775808")), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(whole_number<std::uint64_t>(json::parse("18446744073709551615")),
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(whole_number<int>(json{{"a", 3}}, "a", 7), 3);
  EXPECT_EQ(whole_number<int>(json{{"a", 3}}, "b", 7), 7);
}

TEST(WholeNumber, IsNothingElse) {
  for (const char* text : {"2147483648", "-2147483649", "1e300", "1.0", "true", "null", "\"1\"", "[1]"})
    EXPECT_EQ(refusal_of([&] { whole_number<int>(json::parse(text)); }).find("expected a whole number, not "), 0u)
        << text;
  EXPECT_NE(refusal_of([] { whole_number<std::uint64_t>(json(-1)); }), "");
  EXPECT_NE(refusal_of([] { whole_number<std::int64_t>(json::parse("18446744073709551615")); }), "");
  EXPECT_EQ(refusal_of([] { whole_number<int>(json(1), "a", 7); }), "expected an object");
}

}  // namespace
}  // namespace gradus::records
