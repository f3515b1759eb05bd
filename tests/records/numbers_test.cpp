// Texts and the numbers they stand for: number_texts.json, which tests/tools/grouping_test.py reads as well.
#include "settings/parse.h"
#include "settings/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>

namespace gradus::settings {
namespace {

nlohmann::json cases() {
  return nlohmann::json::parse(std::ifstream(GRADUS_SOURCE_DIR "/tests/records/number_texts.json"));
}

TEST(Numbers, AreReadAsTheListSays) {
  for (const nlohmann::json& one : cases()) {
    const auto text = one.at("text").get<std::string>();
    SCOPED_TRACE(one.dump());
    const auto integer = number_in<std::int64_t>(text);
    const auto number = number_in<double>(text);
    ASSERT_EQ(integer.has_value(), one.contains("integer"));
    EXPECT_TRUE(!integer || *integer == one["integer"].get<std::int64_t>());
    ASSERT_EQ(number.has_value(), one.contains("number"));
    if (!number) continue;
    const nlohmann::json& value = one["number"];
    const double expected = value.is_string() ? std::stod(value.get<std::string>()) : value.get<double>();
    EXPECT_TRUE(*number == expected || (std::isnan(*number) && std::isnan(expected))) << *number;
  }
}

TEST(Numbers, OutOfRangeAreToldFromOtherTexts) {
  double number = 5;
  for (const char* text : {"1e309", "-1e309", "+1e-400"})
    EXPECT_EQ(read_number(text, number), std::errc::result_out_of_range);
  for (const char* text : {"1e309x", "1e", ""}) EXPECT_EQ(read_number(text, number), std::errc::invalid_argument);
  EXPECT_EQ(number, 5);
  std::int64_t integer = 5;
  EXPECT_EQ(read_number("9223372036854775808", integer), std::errc::result_out_of_range);
  EXPECT_EQ(integer, 5);
}

TEST(Text, IsSplitIntoAllItsParts) {
  using Parts = std::vector<std::string_view>;
  EXPECT_EQ(settings::split("1,2", ','), (Parts{"1", "2"}));
  EXPECT_EQ(settings::split("1,,", ','), (Parts{"1", "", ""}));
  EXPECT_EQ(settings::split("one", ','), Parts{"one"});
  EXPECT_EQ(settings::split("", ','), Parts{""});
}

}  // namespace
}  // namespace gradus::settings
