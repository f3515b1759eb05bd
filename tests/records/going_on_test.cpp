// A run's folder that is opened again at an earlier position, and one that begins with another one's rows.
#include <gtest/gtest.h>

#include "experiments/records/checkpoint.h"
#include "experiments/records/log_contents.h"
#include "experiments/records/recovery.h"
#include "experiments/records/run_folder.h"
#include "experiments/records/state_image.h"
#include "tests/support/files.h"

namespace gradus::records {
namespace {

const std::vector<Column> columns{{"loss", "1", "loss"}, {"rate", "1", "rate"}};

void add_rows(RunTable& table, std::int64_t first, std::int64_t last) {
  for (std::int64_t i = first; i < last; ++i) table.append(i, {static_cast<double>(i), 0.5 * static_cast<double>(i)});
}

// Ten rows of /step and, after the position that is returned, three of them and a table more.
RunPosition stopped_run(const std::filesystem::path& folder) {
  RunFolder run("prog", {{"seed", 1}}, 1, folder);
  RunTable& steps = run.table("step", columns);
  run.set_attribute("target_seconds", std::numeric_limits<double>::infinity());
  add_rows(steps, 0, 7);
  const RunPosition at = run.position();
  add_rows(steps, 7, 10);
  run.table("solver", columns).append(9, {1, 2});
  run.finish(Status::interrupted);
  return at;
}

TEST(GoingOn, RowsBeyondThePositionDoNotCount) {
  TemporaryFolder folder;
  const RunPosition at = position_of(nlohmann::json::parse(json_of(stopped_run(folder / "run")).dump()));
  EXPECT_EQ(at.rows, nlohmann::json({{"step", 7}}));
  const std::string log = bytes_of(folder / "run/metrics.log");
  put_file(folder / "run/metrics.log", log + "torn");
  {
    RunFolder run(folder / "run", at);
    EXPECT_FALSE(std::filesystem::exists(folder / "run/complete.json"));
    RunTable& steps = run.table("step", columns);
    EXPECT_EQ(steps.rows(), 7);
    add_rows(steps, 7, 8);
    EXPECT_EQ(run.table("other", columns).rows(), 0);
    EXPECT_EQ(run.table("solver", columns).rows(), 0);
    EXPECT_NE(error_of([&] { run.table("step", columns); }).find("taken"), std::string::npos);
    run.table("later", columns).append(3, {3, 4});
    EXPECT_EQ(run.position().attributes["target_seconds"], std::numeric_limits<double>::infinity());
  }
  const LogContents read = read_metric_log(folder / "run/metrics.log");
  EXPECT_EQ(read.torn_bytes, 0);
  ASSERT_EQ(read.tables.size(), 4U);
  EXPECT_EQ(read.tables[0].rows(), 8);
  EXPECT_EQ(read.tables[0].values(1)[7], 3.5);
  EXPECT_EQ(read.tables[1].rows(), 0);  // solver
  EXPECT_EQ(read.tables[3].index(), std::vector<std::int64_t>{3});
  EXPECT_EQ(recover(folder / "run").record["rows"]["step"], 8);
}

TEST(GoingOn, TheRowsUntilAStepStayTheSame) {
  TemporaryFolder folder;
  const auto marked = [&](const std::string& name) {
    std::vector<LogMark> marks = {{0}, {4}, {7}, {8}, {50}};
    const LogContents read = read_metric_log(folder / name / "metrics.log", marks);
    std::vector<std::int64_t> told;  // whether it was passed, and the rows of both tables
    for (const LogMark& mark : marks)
      told.insert(told.end(), {mark.passed, mark.rows.at("step"), mark.rows.at("evaluation")});
    return told;
  };
  const auto train = [](RunTable& steps, RunTable& evaluations, std::int64_t from, std::int64_t to) {
    for (std::int64_t i = from; i < to; ++i) {
      add_rows(steps, i, i + 1);
      if ((i + 1) % 4 == 0) evaluations.append(i + 1, {0, 0});
    }
  };
  RunPosition at;
  {
    RunFolder run("prog", {{"seed", 2}}, 2, folder / "run");
    RunTable& steps = run.table("step", columns);
    RunTable& evaluations = run.table("evaluation", columns);
    evaluations.append(0, {0, 0});
    train(steps, evaluations, 0, 5);
    at = run.position();
    train(steps, evaluations, 5, 8);
    run.flush();
    EXPECT_EQ(marked("run"), (std::vector<std::int64_t>{1, 0, 1, 1, 4, 2, 1, 7, 2, 0, 8, 3, 0, 8, 3}));
  }
  RunFolder run(folder / "run", at);
  EXPECT_EQ(marked("run"), (std::vector<std::int64_t>{1, 0, 1, 1, 4, 2, 0, 5, 2, 0, 5, 2, 0, 5, 2}));
  train(run.table("step", columns), run.table("evaluation", columns), 5, 13);
  run.flush();
  EXPECT_EQ(marked("run"), (std::vector<std::int64_t>{1, 0, 1, 1, 4, 2, 1, 7, 2, 1, 8, 3, 0, 13, 4}));
}

TEST(GoingOn, WhatDoesNotFitIsRefused) {
  TemporaryFolder folder;
  RunPosition at = stopped_run(folder / "run");
  at.rows["step"] = 11;
  EXPECT_NE(error_of([&] { RunFolder(folder / "run", at); }).find("holds less than the checkpoint counts"),
            std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(folder / "run/complete.json"));
  at.rows["step"] = 7;
  RunFolder run(folder / "run", at);
  EXPECT_NE(error_of([&] { RunFolder(folder / "run", at); }).find("locked"), std::string::npos);
  EXPECT_NE(error_of([&] { run.table("step", {columns[0]}); }).find("had other columns there: loss, rate, now loss"),
            std::string::npos);
}

TEST(GoingOn, AForkBeginsWithTheRowsOfItsParent) {
  TemporaryFolder folder;
  const RunPosition at = stopped_run(folder / "run");
  {
    RunFolder fork("prog", {{"seed", 2}}, 2, folder / "fork");
    fork.begin_with(folder / "run", at);
    RunTable& steps = fork.table("step", columns);
    EXPECT_EQ(steps.rows(), 7);
    add_rows(steps, 7, 12);
    fork.finish(Status::completed);
  }
  const LogContents read = read_metric_log(folder / "fork/metrics.log");
  EXPECT_EQ(read.tables[0].rows(), 12);
  EXPECT_EQ(read.tables[0].values(0)[3], 3);
  EXPECT_EQ(read.attributes["target_seconds"], std::numeric_limits<double>::infinity());
}

TEST(Checkpoints, TheLatestThatIsWholeCounts) {
  TemporaryFolder folder;
  EXPECT_EQ(checkpoint_step(folder.path()), std::nullopt);
  std::filesystem::path first = next_generation(folder.path());
  put_file(first, framed({checkpoint_label(10), "state"}));
  const std::filesystem::path second = next_generation(folder.path());
  EXPECT_NE(first, second);
  put_file(second, framed({checkpoint_label(20), "state"}));
  EXPECT_EQ(next_generation(folder.path()), first);
  put_file(kept_checkpoint(folder.path(), 15), framed({checkpoint_label(15), "state"}));
  EXPECT_EQ(checkpoint_step(folder.path()), 20);
  const std::string whole = bytes_of(second);
  for (const std::size_t byte :
       {std::size_t{0}, std::size_t{40}, std::size_t{100}, std::size_t{300}, whole.size() - 1}) {
    std::string damaged = whole;
    damaged[byte] = static_cast<char>(damaged[byte] ^ 4);
    put_file(second, damaged);
    EXPECT_EQ(checkpoint_step(folder.path()), 15) << byte;
    EXPECT_EQ(checkpoints_in(folder.path()).problems.size(), 1U);
    EXPECT_EQ(next_generation(folder.path()), second);
  }
  remove_generations(folder.path());
  EXPECT_EQ(checkpoint_step(folder.path()), 15);
}

}  // namespace
}  // namespace gradus::records
