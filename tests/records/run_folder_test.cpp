#include "experiments/records/run_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/log_contents.h"
#include "experiments/records/provenance.h"
#include "experiments/records/recovery.h"
#include "experiments/records/run_file.h"
#include "experiments/records/sealed.h"
#include "tests/sanitized.h"
#include "tests/support/files.h"

namespace gradus::records {
namespace {

namespace fs = std::filesystem;

Verdict verdict_on(const fs::path& folder) { return read_completion(folder).verdict; }

const nlohmann::json options{{"optimizer", "adam"}, {"learning_rate", 0.001}, {"seed", 3}, {"amsgrad", false}};

std::vector<Column> step_columns() { return {{"loss", "1", "loss of the batch"}}; }
std::vector<Column> epoch_columns() {
  return {{.name = "training_loss", .long_name = "mean loss", .better = Better::lower},
          {"training_seconds", "s", "time spent training"}};
}

void fill(RunFolder& run, std::int64_t steps) {
  RunTable& step = run.table("step", step_columns());
  RunTable& epoch = run.table("epoch", epoch_columns());
  epoch.append(0, {2.5, 0.0});
  for (std::int64_t i = 0; i < steps; ++i) step.append(i, {1.0 / static_cast<double>(i + 1)});
  epoch.append(1, {0.5, 1.25});
}

TEST(RunFolder, CompletesWithARecordThatVerifies) {
  const TemporaryFolder folder;
  {
    RunFolder run("prog", options, 3, folder / "run");
    EXPECT_TRUE(fs::exists(folder / "run/config.json"));
    EXPECT_FALSE(fs::exists(folder / "run/complete.json"));
    fill(run, 3000);
    run.set_attribute("threads", 2);
    run.finish(Status::completed);
    EXPECT_THROW(run.finish(Status::completed), std::logic_error);
    EXPECT_THROW(run.snapshot(), std::logic_error);
    EXPECT_THROW(run.set_attribute("late", 1), std::logic_error);
    EXPECT_THROW(run.table("late", {}), std::logic_error);
  }
  const auto config = read_sealed(folder / "run/config.json");
  EXPECT_EQ(config["program"], "prog");
  EXPECT_EQ(config["schema"], 3);
  EXPECT_EQ(config["options"], options);
  EXPECT_EQ(config["config_hash"].get<std::string>().size(), 12U);
  EXPECT_EQ(config["environment"]["executable_sha256"], sha256_of_file("/proc/self/exe"));
  EXPECT_EQ(read_metric_log(folder / "run/metrics.log").configuration, config);
  const Completion found = read_completion(folder / "run");
  ASSERT_EQ(found.verdict, Verdict::whole) << found.problem;
  EXPECT_EQ(found.record["status"], "completed");
  EXPECT_EQ(found.record["rows"], (nlohmann::json{{"step", 3000}, {"epoch", 2}}));
  for (const char* name : {"program", "options", "run_id", "config_hash"}) EXPECT_EQ(found.record[name], config[name]);
  EXPECT_EQ(found.record["executable_sha256"], config["environment"]["executable_sha256"]);
  EXPECT_EQ(recover(folder / "run").record, found.record);

  // One flipped bit, and the run is no longer whole. Its log still is.
  std::string bytes = bytes_of(folder / "run/run.h5");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  put_file(folder / "run/run.h5", bytes);
  EXPECT_EQ(verdict_on(folder / "run"), Verdict::damaged);
  const Recovery recovery = recover(folder / "run");
  EXPECT_NE(recovery.note.find("run.h5: damaged"), std::string::npos) << recovery.note;
  EXPECT_EQ(recovery.record["status"], "completed");
  EXPECT_EQ(verdict_on(folder / "run"), Verdict::whole);
}

TEST(RunFolder, TheConfigurationAloneMakesTheHash) {
  EXPECT_EQ(config_hash_of("p", {{"a", 1}, {"b", 2}}), config_hash_of("p", {{"b", 2}, {"a", 1}}));
  EXPECT_NE(config_hash_of("p", {{"a", 1}}), config_hash_of("p", {{"a", 2}}));
  EXPECT_NE(config_hash_of("p", {{"a", 1}}), config_hash_of("q", {{"a", 1}}));
}

TEST(RunFolder, AnExistingOneIsRefusedAndARunningOneNotRecovered) {
  const TemporaryFolder folder;
  RunFolder run("prog", options, 3, folder / "run");
  EXPECT_THROW(RunFolder("prog", options, 3, folder / "run"), std::runtime_error);
  EXPECT_TRUE(fs::exists(folder / "run/config.json"));
  EXPECT_NE(error_of([&] { recover(folder / "run"); }).find("still running"), std::string::npos);
}

TEST(RunFolder, AFailedBeginningLeavesNothing) {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{100, 100};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const std::string what = error_of([&] { RunFolder("prog", options, 3, folder / "run"); });
    if (what != (folder / "run/metrics.log").string() + ": cannot write: File too large") ::_exit(1);
    ::_exit(fs::exists(folder / "run") ? 2 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(RunFolder, RefusesNamesThatClash) {
  const TemporaryFolder folder;
  RunFolder run("prog", options, 3, folder / "run");
  run.table("epoch", epoch_columns());
  EXPECT_THROW(run.table("epoch", epoch_columns()), std::invalid_argument);
  EXPECT_THROW(run.table("a/b", {}), std::invalid_argument);
  EXPECT_THROW(run.table("x", {{"x", "1", ""}}), std::invalid_argument);
  EXPECT_THROW(run.table("y", {{"a", "1", ""}, {"a", "1", ""}}), std::invalid_argument);
  EXPECT_NE(error_of([&] { run.table("z", {{"z", "1", ""}}); }).find("name of the table's index"), std::string::npos);
  EXPECT_NE(error_of([&] { run.table("1z", {}); }).find("expected a letter or '_' in front"), std::string::npos);
  EXPECT_NE(error_of([&] { run.table("w", {{"a", "\xff", ""}}); }).find("not UTF-8"), std::string::npos);
  EXPECT_THROW(run.set_attribute("status", "fine"), std::invalid_argument);
  EXPECT_THROW(run.set_attribute("\xff", "fine"), std::invalid_argument);
  RunTable& table = run.table("step", step_columns());
  EXPECT_THROW(table.append(0, {1.0, 2.0}), std::invalid_argument);
}

TEST(RunFolder, RefusesAnIndexThatDoesNotRise) {
  TemporaryFolder folder;
  RunFolder run("prog", options, 3, folder / "run");
  RunTable& table = run.table("evaluation", {{"loss", "1", ""}}, {.name = "step"});
  table.append(100, {1.0});
  EXPECT_EQ(error_of([&] { table.append(0, {1.0}); }), "table 'evaluation': step 0 after 100, expected a larger one");
  EXPECT_EQ(error_of([&] { table.append(100, {1.0}); }),
            "table 'evaluation': step 100 after 100, expected a larger one");
  EXPECT_EQ(table.rows(), 1);
  table.append(101, {1.0});
  EXPECT_EQ(table.rows(), 2);
}

TEST(RunFolder, RefusesTextsThatSayNothing) {
  const auto refusal = [](Column column) { return error_of([&] { MetricTable("t", {std::move(column)}); }); };
  EXPECT_NE(refusal({.name = "a", .flags = {"too many words"}}).find("bad flag 'too many words'"), std::string::npos);
  EXPECT_NE(refusal({.name = "a", .draw = Draw::flags}).find("names none"), std::string::npos);
  EXPECT_NE(refusal({.name = "a", .axis = "k", .length = 2, .labels = {"one"}}).find("1 labels for an axis of 2"),
            std::string::npos);
  EXPECT_NE(refusal({.name = "a", .labels = {"one"}}).find("1 labels for an axis of 0"), std::string::npos);
  EXPECT_NE(refusal({.name = "k_label", .axis = "k", .length = 1, .labels = {"one"}}).find("needs the name 'k_label'"),
            std::string::npos);
  EXPECT_NE(refusal({.name = "a", .axis = "k", .length = 1, .labels = {"\xff"}}).find("not UTF-8"), std::string::npos);
  EXPECT_NE(error_of([] {
              MetricTable("t", {{"a", "1", ""}}, {.name = "a"});
            }).find("name of the table's index"),
            std::string::npos);
  EXPECT_NE(error_of([] {
              MetricTable("t", {{.name = "a", .axis = "k", .length = 1, .labels = {"x"}},
                                {.name = "b", .axis = "k", .length = 1, .labels = {"y"}}});
            }).find("other labels in column 'b' than in 'a'"),
            std::string::npos);
}

// The least of some batches: the machine may do something else meanwhile.
TEST(RunFolder, AScalarIsLoggedInAMicrosecond) {
  if (sanitized) GTEST_SKIP() << "the sanitizers take their time";
  using Clock = std::chrono::steady_clock;
  const TemporaryFolder folder;
  RunFolder run("prog", options, 3, folder / "run");
  RunTable& step = run.table("step", step_columns());
  double least = 1e9;
  for (std::int64_t batch = 0; batch < 5; ++batch) {
    const auto begin = Clock::now();
    for (std::int64_t i = 0; i < 50'000; ++i) step.append(50'000 * batch + i, {1.0});
    least = std::min(least, std::chrono::duration<double, std::micro>(Clock::now() - begin).count() / 50'000);
  }
  EXPECT_LE(least, 1.0) << "microseconds";
}

TEST(RunFolder, RareRowsAreSnapshottedInTime) {
  using namespace std::chrono_literals;
  const TemporaryFolder folder;
  RunFolder run("prog", options, 3, folder / "run", 100ms);
  RunTable& step = run.table("step", step_columns());
  step.append(0, {1.0});
  step.append(1, {1.0});
  EXPECT_FALSE(fs::exists(folder / "run/run.h5"));
  std::this_thread::sleep_for(120ms);
  step.append(2, {1.0});
  EXPECT_TRUE(fs::exists(folder / "run/run.h5"));
}

TEST(RunFolder, AKilledRunIsRecoveredFromItsLog) {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    RunFolder run("prog", options, 3, folder / "run");
    run.set_attribute("note", "before the kill");
    fill(run, 500);
    run.flush();
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(verdict_on(folder / "run"), Verdict::none);
  std::ofstream(folder / "run/metrics.log", std::ios::app) << "torn";
  const auto record = recover(folder / "run").record;
  EXPECT_EQ(record["status"], "interrupted");
  EXPECT_EQ(record["rows"], (nlohmann::json{{"step", 500}, {"epoch", 2}}));
  EXPECT_EQ(verdict_on(folder / "run"), Verdict::whole);
}

TEST(RunFolder, AFullDiskFailsTheRunAndKeepsWhatWasThere) {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    RunFolder run("prog", options, 3, folder / "run");
    fill(run, 100);
    run.snapshot();
    const std::string before = sha256_of_file(folder / "run/run.h5");
    const rlimit limit{20'000, 20'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    if (error_of([&] {
          for (std::int64_t i = 2;; ++i) run.table(fmt::format("t{}", i), step_columns()).append(i, {0.0});
        }).find("metrics.log: cannot write") == std::string::npos)
      ::_exit(1);
    if (error_of([&] { run.finish(Status::failed, "disk full"); }).find((folder / "run").string()) != 0) ::_exit(2);
    ::_exit(sha256_of_file(folder / "run/run.h5") == before && !fs::exists(folder / "run/complete.json") ? 0 : 3);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_FALSE(WIFSIGNALED(status));
  EXPECT_EQ(recover(folder / "run").record["rows"]["step"], 100);
}

TEST(RunFile, AFullDiskIsAnErrorWithThePathAndNoNoise) {
  const TemporaryFolder folder;
  write_run_file(folder / "run.h5", {}, {{"status", "running"}});
  const std::string before = bytes_of(folder / "run.h5");
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{8'000, 8'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    if (!std::freopen((folder / "stderr").c_str(), "w", stderr)) ::_exit(1);
    MetricTable table("step", step_columns());
    for (std::int64_t i = 0; i < 50'000; ++i) {
      const double value[] = {std::sin(static_cast<double>(i))};
      table.append(i, value);
    }
    const std::string what = error_of([&] { write_run_file(folder / "run.h5", {&table}, {}); });
    std::fflush(stderr);
    ::_exit(what == (folder / "run.h5").string() + ": cannot write: File too large" ? 0 : 2);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_FALSE(WIFSIGNALED(status));
  EXPECT_EQ(bytes_of(folder / "stderr"), "");
  EXPECT_EQ(bytes_of(folder / "run.h5"), before);
  EXPECT_FALSE(fs::exists(folder / ".run.h5.new"));
  EXPECT_NE(error_of([] { write_run_file("/proc/gradus/run.h5", {}, {}); }).find("/proc/gradus"), std::string::npos);
}

TEST(Provenance, TimesComeBack) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  EXPECT_EQ(parse_iso_time(iso_time(now)), now);
  EXPECT_EQ(iso_time(std::chrono::system_clock::from_time_t(0)), "1970-01-01T00:00:00Z");
  EXPECT_THROW(parse_iso_time("yesterday"), std::invalid_argument);
  for (const char* name : {"git_commit", "compiler", "compiler_flags", "host", "processor"})
    EXPECT_FALSE(provenance_json().at(name).get<std::string>().empty()) << name;
}

// Foreign readers: h5py and xarray open a run's file.
TEST(RunFile, OpensInH5pyAndXarray) {
  const TemporaryFolder folder;
  {
    RunFolder run("prog", options, 3, folder / "run");
    fill(run, 3000);
    run.table("solver", {{"residual", "1", ""}});  // no rows
    RunTable& layer = run.table("layer",
                                {{.name = "gradient",
                                  .units = "nat",
                                  .long_name = "norm of the gradient",
                                  .axis = "layer",
                                  .length = 3,
                                  .draw = Draw::log,
                                  .labels = {"dense1", "dense2", "größte"},
                                  .axis_long_name = "layer of the model"},
                                 {.name = "regime", .long_name = "where it is", .flags = {"below", "at", "above"}},
                                 {.name = "seconds", .units = "s", .long_name = "price", .draw = Draw::none}},
                                {"step", "1", "steps taken"});
    layer.append(0, {1, 2, 3, 0, 0.5});
    layer.append(25, {4, 5, 6, 2, 0.5});
    run.finish(Status::diverged, "loss is nan at step 3000");
  }
  const fs::path script = fs::path(GRADUS_SOURCE_DIR) / "tests/records/run_file_test.py";
  const std::string command = "/usr/bin/python3 '" + script.string() + "' '" + (folder / "run").string() + "'";
  const int status = std::system(command.c_str());
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "h5py is not installed";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace gradus::records
