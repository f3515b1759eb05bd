#include "experiments/lab/options.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/support/files.h"

namespace gradus::lab {
namespace {

Options given(std::vector<std::string> arguments) { return Options("prog", arguments); }

TEST(Options, ReadsEveryWayOfWritingThem) {
  Options options = given({"--learning-rate=1e-3", "--batch_size", "64", "--quiet", "--name=", "--shift", "-2.5"});
  EXPECT_EQ(options.get("learning_rate", 0.1, "step size", more_than(0)), 1e-3);
  EXPECT_EQ(options.get("batch-size", 32, "examples", at_least(1)), 64);
  EXPECT_EQ(options.get("name", "x", "a text"), "");
  EXPECT_EQ(options.get("shift", 0.0, "a number"), -2.5);
  EXPECT_EQ(options.get("epochs", std::int64_t{5}, "passes"), 5);
  EXPECT_TRUE(options.control("quiet", false, "no progress"));
  EXPECT_FALSE(options.get("nesterov", false, "look ahead"));
  EXPECT_TRUE(options.given("learning-rate") && options.given("learning_rate"));
  EXPECT_FALSE(options.given("epochs"));
  EXPECT_NO_THROW(options.finish());
}

TEST(Options, ReadsFlags) {
  EXPECT_TRUE(given({"--a", "--b"}).get("a", false, ""));
  EXPECT_FALSE(given({"--a=false"}).get("a", true, ""));
  EXPECT_TRUE(given({"--a", "true"}).get("a", false, ""));
  EXPECT_TRUE(given({"-h"}).control("help", false, ""));
  EXPECT_THROW(given({"--a", "maybe"}).get("a", false, ""), UsageError);
  EXPECT_THROW(given({"--a=maybe"}).get("a", false, ""), UsageError);
}

TEST(Options, RefusesValuesOutOfRange) {
  const auto integer = [](const std::string& value, const Check& check = {}) {
    return error_of([&] { given({"--width=" + value}).get("width", 4, "", check); });
  };
  EXPECT_EQ(integer("0", at_least(1)), "--width=0: expected an integer >= 1");
  EXPECT_EQ(integer("12x"), "--width=12x: expected an integer");
  for (const char* bad : {"", "1.5", "1e3", " 1", "99999999999999999999", "2147483648", "nan", "0x10"})
    EXPECT_NE(integer(bad), "") << bad;
  EXPECT_EQ(integer("+3"), "");

  const auto number = [](const std::string& value, const Check& check = {}) {
    return error_of([&] { given({"--rate=" + value}).get("rate", 0.5, "", check); });
  };
  EXPECT_EQ(number("2", between(0, 1)), "--rate=2: expected a number from 0 to 1");
  EXPECT_EQ(number("1", from_to_below(0, 1)), "--rate=1: expected a number from 0 to below 1");
  for (const char* bad : {"", "x", "1,5", "0.1.2", "nan", "inf", "-inf", "1e999", "1 ", "--"})
    EXPECT_NE(number(bad), "") << bad;

  EXPECT_EQ(error_of([] {
              given({"--optimizer=adm"}).get("optimizer", "sgd", "", one_of({"sgd", "adam"}));
            }),
            "--optimizer=adm: did you mean adam? expected one of sgd, adam");
  EXPECT_EQ(error_of([] { given({"--width"}).get("width", 4, ""); }), "option --width needs a value");
}

TEST(Options, RefusesWhatItDoesNotKnow) {
  const auto complaint = [](const std::string& argument) {
    return error_of([&] {
      Options options = given({argument});
      options.get("learning_rate", 0.1, "");
      options.get("epochs", 1, "");
      options.finish();
    });
  };
  EXPECT_EQ(complaint("--learning-rat"), "unknown option --learning-rat: did you mean --learning-rate?");
  EXPECT_EQ(complaint("--learning_rat=1"), "unknown option --learning_rat: did you mean --learning_rate?");
  EXPECT_EQ(complaint("--epoch=1"), "unknown option --epoch: did you mean --epochs?");
  EXPECT_EQ(complaint("--something-else=1"), "unknown option --something-else: --help lists what there is");
  EXPECT_EQ(complaint("stray"), "unexpected argument 'stray': expected --name=value");
  EXPECT_EQ(complaint("--=3"), "unexpected argument '--=3': expected --name=value");
  EXPECT_EQ(error_of([] { given({"--a-b=1", "--a_b=2"}); }), "option --a_b is given twice");
}

TEST(Options, DescribesAndRecordsWhatWasDeclared) {
  Options options = given({"--rate=0.25", "--quiet"});
  options.get("rate", 0.5, "step size", more_than(0));
  options.get("layers", 2, "hidden layers");
  options.get("optimizer", "sgd", "method", one_of({"sgd", "adam"}));
  options.control("quiet", false, "no progress");
  const auto described = options.describe_json();
  EXPECT_EQ(described["program"], "prog");
  EXPECT_EQ(described["options"][0], (nlohmann::json{{"name", "rate"},
                                                     {"type", "number"},
                                                     {"default", 0.5},
                                                     {"help", "step size"},
                                                     {"range", "> 0"},
                                                     {"recorded", true}}));
  EXPECT_EQ(described["options"][1]["type"], "integer");
  EXPECT_EQ(described["options"][2]["choices"], (nlohmann::json{"sgd", "adam"}));
  EXPECT_EQ(described["options"][3]["type"], "boolean");
  EXPECT_EQ(options.values_json(), (nlohmann::json{{"rate", 0.25}, {"layers", 2}, {"optimizer", "sgd"}}));
  const std::string help = options.help_text("Studies something.");
  for (const char* part : {"usage: prog", "--rate=0.5", "step size (> 0)", "--optimizer=sgd", "--quiet ", "Studies"})
    EXPECT_NE(help.find(part), std::string::npos) << part << " in\n" << help;
}

TEST(Options, RecordsNumbersInATextByValue) {
  const auto recorded = [](const std::string& text) {
    Options options("program", {"--start=" + text});
    const std::string start = options.get("start", "standard", "", numbers_or("start", {"standard", ""}));
    options.finish();
    EXPECT_EQ(options.values_json().at("start"), start);
    return start;
  };
  for (const char* text : {"1,-0.5", "1.0,-.5", "+1e0,-5e-1"}) EXPECT_EQ(recorded(text), "1,-0.5");
  EXPECT_EQ(recorded("0.1,1e-300"), "0.1,1e-300");
  EXPECT_EQ(recorded("standard"), "standard");
  EXPECT_EQ(recorded(""), "");
  for (const std::string text : {"1,", ",1", "1,,2", "1, 2", "1;2", "nan", "inf", "+-1", "1_0", "1e400", "standrad"})
    EXPECT_EQ(error_of([&] { recorded(text); }), "--start=" + text + ": expected numbers separated by commas");
}

TEST(Options, TheSameOptionMayBeAskedForTwiceIfItIsTheSame) {
  Options options = given({"--seed=7"});
  EXPECT_EQ(options.get("seed", 0, "random numbers"), 7);
  EXPECT_EQ(options.get("seed", 0, "random numbers"), 7);
  EXPECT_EQ(options.describe_json()["options"].size(), 1U);
  EXPECT_THROW(options.get("seed", 1, "random numbers"), std::logic_error);
  EXPECT_THROW(options.get("rate", -1.0, "", at_least(0)), std::logic_error);
}

}  // namespace
}  // namespace gradus::lab
