#include "experiments/records/output.h"

#include <gtest/gtest.h>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/recovery.h"
#include "experiments/records/run_folder.h"
#include "experiments/records/sealed.h"
#include "tests/support/files.h"

namespace gradus::records {
namespace {

namespace fs = std::filesystem;

// A run with this seed, to its end or not; whether its results are in place. The seed tells results apart.
bool run_into(const fs::path& target, bool overwrite, int seed, Status status = Status::completed) {
  Output output(target, overwrite);
  RunFolder run("prog", {{"seed", seed}}, static_cast<std::uint64_t>(seed), output.choose_folder());
  run.table("step", {{"loss", "1", ""}}).append(0, {1.0});
  run.finish(status);
  return output.publish(status == Status::completed || status == Status::diverged);
}

// A run that is killed: no record of its end.
fs::path killed_into(const fs::path& target, bool overwrite, int seed) {
  Output output(target, overwrite);
  RunFolder run("prog", {{"seed", seed}}, static_cast<std::uint64_t>(seed), output.choose_folder());
  run.table("step", {{"loss", "1", ""}}).append(0, {1.0});
  return output.folder();
}

int seed_in(const fs::path& folder) { return read_completion(folder).record.at("options").at("seed"); }

int entries(const fs::path& folder) {
  return static_cast<int>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(Output, IsAFileIfItsNameSaysSo) {
  EXPECT_TRUE(Output::is_a_file("a/r.h5"));
  EXPECT_FALSE(Output::is_a_file("a/r.h5/"));
  EXPECT_FALSE(Output::is_a_file("a/run"));
}

TEST(Output, IsRefusedBeforeAnythingIsCreated) {
  const TemporaryFolder folder;
  const auto refusal = [&](const fs::path& target, bool overwrite) {
    return error_of([&] { Output(target, overwrite); });
  };
  EXPECT_EQ(refusal(folder / "deep/down/run", false), "");
  EXPECT_EQ(entries(folder.path()), 0);
  EXPECT_NE(refusal("", false).find("expected the name of"), std::string::npos);
  put_file(folder / "file", "x");
  EXPECT_NE(refusal(folder / "file/run", false).find("file is not a folder"), std::string::npos);
  EXPECT_NE(refusal(folder / "file", true).find("is not a folder"), std::string::npos);
  EXPECT_NE(refusal(folder.path(), false).find("exists already: choose another"), std::string::npos);
  EXPECT_NE(refusal(folder.path() / "", false).find("exists already"), std::string::npos);
  fs::create_directory(folder / "r.h5");
  EXPECT_NE(refusal(folder / "r.h5", true).find("is a folder"), std::string::npos);
  put_file(folder / "s.h5", "mine");
  EXPECT_NE(refusal(folder / "s.h5", false).find("exists already"), std::string::npos);
  EXPECT_EQ(refusal(folder / "s.h5", true), "");
}

TEST(Output, ReplacesOnlyWhatIsOfARun) {
  const TemporaryFolder folder;
  const fs::path target = folder / "run";
  const auto refusal = [&] { return error_of([&] { Output(target, true); }); };
  fs::create_directory(target);
  EXPECT_EQ(refusal(), "");
  put_file(target / "thesis.tex", "precious");
  EXPECT_NE(refusal().find("does not look like a run's folder"), std::string::npos);
  put_file(target / "config.json", "{\"window\": 3}");
  EXPECT_NE(refusal().find("does not look like a run's folder"), std::string::npos);
  fs::remove_all(target);
  fs::create_directory_symlink(folder.path(), target);
  EXPECT_NE(refusal().find("is not a folder"), std::string::npos);
  fs::remove(target);

  // Runs that did not come to a whole config.json, or lost it.
  for (const std::size_t bytes : {0, 1, 9, 10, 100}) {
    killed_into(target, false, 1);
    const std::string log = bytes_of(target / "metrics.log");
    put_file(target / "metrics.log", log.substr(0, bytes));
    fs::resize_file(target / "config.json", 20);
    if (bytes < 10) fs::remove(target / "config.json");
    EXPECT_EQ(refusal(), "") << bytes;
    EXPECT_TRUE(run_into(target, true, 2));
    EXPECT_EQ(seed_in(target), 2);
    EXPECT_EQ(entries(folder.path()), 1);
    fs::remove_all(target);
  }
}

TEST(Output, LeavesNothingHiddenAlsoBehindGaps) {
  const TemporaryFolder folder;
  EXPECT_TRUE(run_into(folder / "run", false, 1));
  for (int i = 0; i < 3; ++i) killed_into(folder / "run", true, 2);
  fs::remove_all(folder / ".run.run2");
  fs::rename(folder / ".run.run3", folder / ".run.run17");
  fs::create_directory(folder / ".run.runs");  // not ours
  EXPECT_TRUE(run_into(folder / "run", true, 3));
  EXPECT_EQ(seed_in(folder / "run"), 3);
  EXPECT_EQ(entries(folder.path()), 2);
}

// Only the start of a log is looked at: this one no memory holds.
TEST(Output, OfALargeLogIsReplaced) {
  const TemporaryFolder folder;
  killed_into(folder / "run", false, 1);
  fs::remove(folder / "run/config.json");
  fs::resize_file(folder / "run/metrics.log", std::uintmax_t{1} << 40);
  EXPECT_EQ(error_of([&] { Output(folder / "run", true); }), "");
}

TEST(Output, OfARunningRunIsRefused) {
  const TemporaryFolder folder;
  for (const char* name : {"run", "r.h5"}) {
    Output first(folder / name, true);
    const RunFolder run("prog", {{"seed", 1}}, 1, first.choose_folder());
    EXPECT_NE(error_of([&] { Output(folder / name, true).choose_folder(); }).find("run"), std::string::npos) << name;
    EXPECT_TRUE(fs::exists(first.folder() / "config.json"));
  }
}

// The kind: nothing is replaced before its successor is whole.
TEST(Output, StaysUntilItsSuccessorIsWhole) {
  for (const bool file : {false, true}) {
    const TemporaryFolder folder;
    const fs::path target = folder / (file ? "r.h5" : "run"), hidden = folder / (file ? ".r.h5.run" : ".run.run");
    EXPECT_TRUE(run_into(target, true, 1));
    EXPECT_EQ(entries(folder.path()), 1);
    const auto contents = [&] { return bytes_of(file ? target : target / "run.h5"); };
    const std::string first = contents();
    for (const Status status : {Status::failed, Status::interrupted}) EXPECT_FALSE(run_into(target, true, 2, status));
    const fs::path killed = killed_into(target, true, 3);
    EXPECT_EQ(contents(), first);
    // What they made is kept beside, can be read or recovered, and blocks nothing.
    EXPECT_EQ(entries(folder.path()), 4);
    EXPECT_EQ(seed_in(hidden), 2);
    EXPECT_EQ(recover(killed).record.at("rows").at("step"), 1);
    killed_into(target, true, 5);
    EXPECT_TRUE(run_into(target, true, 4, Status::diverged));
    EXPECT_NE(contents(), first);
    if (!file) {
      EXPECT_EQ(seed_in(target), 4);
    }
    // What was recovered is somebody's result.
    EXPECT_EQ(entries(folder.path()), 2);
    EXPECT_EQ(seed_in(killed), 3);
  }
}

TEST(Output, ReplacesNothingThatCameUpMeanwhile) {
  const TemporaryFolder folder;
  Output output(folder / "late.h5", false);
  RunFolder run("prog", {{"seed", 1}}, 1, output.choose_folder());
  run.finish(Status::completed);
  put_file(folder / "late.h5", "mine");
  EXPECT_NE(error_of([&] { output.publish(true); }).find("exists already"), std::string::npos);
  EXPECT_EQ(bytes_of(folder / "late.h5"), "mine");
  EXPECT_TRUE(fs::exists(output.folder() / "run.h5"));
}

TEST(Output, LongNamesAndDotsAreNames) {
  const TemporaryFolder folder;
  for (const std::string& name : {std::string(252, 'x') + ".h5", std::string(255, 'y')}) {
    EXPECT_TRUE(run_into(folder / name, true, 1));
    EXPECT_TRUE(run_into(folder / name, true, 2));
  }
  EXPECT_EQ(entries(folder.path()), 2);
  EXPECT_TRUE(run_into(folder / "run/.", false, 1));
  EXPECT_EQ(seed_in(folder / "run"), 1);
  EXPECT_NE(error_of([&] { Output(folder / "run/./", false); }).find("run exists already"), std::string::npos);
  EXPECT_NE(error_of([&] { Output(folder / "run/..", true); }).find("expected the name of"), std::string::npos);
  EXPECT_NE(error_of([&] { Output(".", true); }).find("expected the name of"), std::string::npos);
}

// Between two processes that ask for one file, one gets it and the other a line.
TEST(Output, OfARunThatHasJustBegunIsRefused) {
  const TemporaryFolder folder;
  Output first(folder / "r.h5", false), second(folder / "r.h5", false);
  claim_folder(first.choose_folder());
  EXPECT_NE(error_of([&] { second.choose_folder(); }).find("r.h5 is being made by another run"), std::string::npos);
  put_file(folder / "r.h5", "of the first");
  EXPECT_NE(error_of([&] { second.choose_folder(); }).find("exists already"), std::string::npos);
}

TEST(Output, AReplacementThatWasKilledIsEnded) {
  const TemporaryFolder folder;
  EXPECT_TRUE(run_into(folder / "run", false, 1));
  fs::rename(folder / "run", folder / ".run.old");
  Output output(folder / "run", false);
  EXPECT_NE(error_of([&] { output.choose_folder(); }).find("exists already"), std::string::npos);
  EXPECT_EQ(seed_in(folder / "run"), 1);
  EXPECT_EQ(entries(folder.path()), 1);
}

TEST(Output, OfAKilledRunIsNamed) {
  const TemporaryFolder folder;
  const fs::path hidden = killed_into(folder / "r.h5", false, 1);
  EXPECT_NE(error_of([&] { Output(folder / "r.h5", false).choose_folder(); }).find("recover " + hidden.string()),
            std::string::npos);
  EXPECT_TRUE(run_into(folder / "r.h5", true, 2));
  EXPECT_EQ(entries(folder.path()), 1);
}

}  // namespace
}  // namespace gradus::records
