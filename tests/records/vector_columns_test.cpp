// Columns of vectors, from the log to the file; the file itself is read by minimize_test.py.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "experiments/records/log_contents.h"
#include "experiments/records/metric_log.h"
#include "experiments/records/run_folder.h"
#include "tests/support/files.h"

namespace gradus::records {
namespace {

MetricTable path_table() {
  return MetricTable("path",
                     {{.name = "loss", .better = Better::lower, .draw = Draw::log},
                      {"theta", "1", "", "parameter", 3, true},
                      {.name = "rate", .flags = {"small", "large"}}},
                     {"step", "batch", "steps taken"});
}

// As an earlier Gradus logged it: columns without what they say of themselves since.
TEST(VectorColumns, AreReadFromALogOfAnEarlierGradus) {
  const Column column = column_of(nlohmann::json::parse(
      R"({"name": "theta", "units": "m", "long_name": "x", "axis": "k", "length": 3, "single_precision": true})"));
  EXPECT_EQ(column, (Column{"theta", "m", "x", "k", 3, true}));
  EXPECT_EQ(column_of(nlohmann::json::parse(R"({"name": "a", "units": "1", "long_name": "", "better": "sideways"})")),
            (Column{"a"}));
}

TEST(VectorColumns, HoldOneVectorARow) {
  MetricTable table = path_table();
  EXPECT_EQ(table.width(), 5);
  const double first[] = {1, 10, 11, 12, 0.5}, second[] = {2, 20, 21, 22, 0.25};
  table.append(0, first), table.append(1, second);
  EXPECT_EQ(table.values(0), (std::vector<double>{1, 2}));
  EXPECT_EQ(table.values(1), (std::vector<double>{10, 11, 12, 20, 21, 22}));
  EXPECT_EQ(table.values(2), (std::vector<double>{0.5, 0.25}));
  EXPECT_NE(error_of([&] { table.append(2, std::span(first).first(3)); }).find("3 values for 3 columns of 5 in all"),
            std::string::npos);
}

TEST(VectorColumns, RefuseAxesThatClash) {
  const auto refusal = [](std::vector<Column> columns) { return error_of([&] { MetricTable("step", columns); }); };
  EXPECT_NE(refusal({{"a", "1", "", "", 2}}).find("vectors of 2 numbers"), std::string::npos);
  EXPECT_NE(refusal({{"a", "1", "", "k", 0}}).find("vectors of 0 numbers"), std::string::npos);
  EXPECT_NE(refusal({{"a", "1", "", "k", 2}, {"b", "1", "", "k", 3}})
                .find("axis 'k' has length 2 in column 'a' and 3 in 'b'"),
            std::string::npos);
  EXPECT_NE(refusal({{"a", "1", "", "b", 2}, {"b", "1", ""}})
                .find("axis 'b' of column 'a' needs the name 'b', which a column has"),
            std::string::npos);
  EXPECT_NE(refusal({{"a", "1", "", "step", 2}}).find("needs the name 'step', which the table's index has"),
            std::string::npos);
  EXPECT_NE(refusal({{"step", "1", ""}}).find("column 'step' has the name of the table's index"), std::string::npos);
  EXPECT_NE(refusal({{"a", "1", ""}, {"a", "1", ""}}).find("column 'a' is given twice"), std::string::npos);
  EXPECT_NE(refusal({{"2nd", "1", ""}}).find("bad name '2nd', expected a letter or '_' in front"), std::string::npos);
  EXPECT_NE(refusal({{"a-b", "1", ""}}).find("bad name 'a-b', expected letters, digits and '_'"), std::string::npos);
  EXPECT_NE(refusal({{"a", "1", "", "no good", 2}}).find("bad name"), std::string::npos);
  EXPECT_EQ(refusal({{"a", "1", "", "k", 2}, {"b", "1", "", "k", 2}}), "");
}

TEST(VectorColumns, SurviveInTheLog) {
  const TemporaryFolder folder;
  {
    MetricLog log(folder / "log", {{"program", "p"}});
    const auto number = log.add_table(path_table());
    for (std::int64_t i = 0; i < 100; ++i) {
      const auto x = static_cast<double>(i);
      const double row[] = {x, x + 0.25, x + 0.5, x + 0.75, -x};
      log.append(number, i, row);
    }
  }
  const LogContents read = read_metric_log(folder / "log");
  ASSERT_EQ(read.tables.size(), 1U);
  EXPECT_EQ(read.tables[0].columns(), path_table().columns());
  EXPECT_EQ(read.tables[0].columns()[2].draw, Draw::flags);
  EXPECT_EQ(read.tables[0].index_column(), (Index{"step", "batch", "steps taken"}));
  EXPECT_EQ(read.tables[0].rows(), 100);
  EXPECT_EQ(read.tables[0].values(1)[3 * 99 + 1], 99.5);
  EXPECT_EQ(read.tables[0].values(2)[99], -99);
}

}  // namespace
}  // namespace gradus::records
