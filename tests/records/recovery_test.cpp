#include "experiments/records/recovery.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/crc.hpp>
#include <cstring>
#include <limits>
#include <map>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/log_contents.h"
#include "experiments/records/metric_log.h"
#include "experiments/records/run_folder.h"
#include "experiments/records/sealed.h"
#include "tests/support/files.h"

namespace gradus::records {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t rows = 50;

nlohmann::json make_run(const fs::path& folder, bool to_its_end) {
  RunFolder run("prog", {{"optimizer", "adam"}, {"learning_rate", 0.001}}, 3, folder);
  RunTable& step = run.table("step", {{"loss", "1", ""}, {"theta", "1", "", "parameter", 2}});
  for (std::int64_t i = 0; i < rows; ++i) step.append(i, {static_cast<double>(i), 0.5, -static_cast<double>(i)});
  if (to_its_end) run.finish(Status::completed, "done");
  return run.configuration();
}

TEST(Recovery, NeedsNoConfiguration) {
  for (const bool damaged : {false, true}) {
    const TemporaryFolder folder;
    const nlohmann::json configuration = make_run(folder / "run", false);
    const std::string before = bytes_of(folder / "run/config.json");
    if (damaged) {
      put_file(folder / "run/config.json", before.substr(0, 40) + "9" + before.substr(41));
    } else {
      fs::remove(folder / "run/config.json");
    }
    const Recovery recovery = recover(folder / "run");
    EXPECT_NE(recovery.note.find("config.json"), std::string::npos);
    EXPECT_EQ(recovery.record["options"], configuration["options"]);
    EXPECT_EQ(recovery.record["rows"]["step"], rows);
    EXPECT_EQ(bytes_of(folder / "run/config.json"), before);
  }
}

TEST(Recovery, WithoutAConfigurationAnywhereIsRefused) {
  const TemporaryFolder folder;
  make_run(folder / "run", false);
  fs::remove(folder / "run/config.json");
  put_file(folder / "run/metrics.log", bytes_of(folder / "run/metrics.log").substr(0, 100));
  EXPECT_NE(error_of([&] { recover(folder / "run"); }).find("does not begin with a configuration"), std::string::npos);
  EXPECT_NE(error_of([&] { recover(folder / "absent"); }).find("metrics.log: cannot open"), std::string::npos);
}

std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::directory_iterator(folder))
    all[entry.path().filename().string()] = bytes_of(entry.path());
  return all;
}

// A record whose seal holds, without its run.h5: either all its rows are in the log, or nothing is written.
TEST(Recovery, ContradictsNoRecord) {
  const TemporaryFolder folder;
  make_run(folder / "run", true);
  fs::remove(folder / "run/run.h5");
  const std::string log = bytes_of(folder / "run/metrics.log");
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{5}, log.size() - 10}) {
    put_file(folder / "run/metrics.log", log.substr(0, bytes));
    const auto before = contents(folder / "run");
    EXPECT_NE(error_of([&] { recover(folder / "run"); }).find("complete.json tells of {\"step\":50}"),
              std::string::npos);
    EXPECT_EQ(contents(folder / "run"), before) << bytes;
  }
  fs::remove(folder / "run/complete.json");  // as the message says
  EXPECT_EQ(recover(folder / "run").record["rows"]["step"], rows - 1);
}

TEST(Recovery, OfNothingIsRefused) {
  const TemporaryFolder folder;
  make_run(folder / "run", false);
  for (const std::string& log : {std::string(), std::string(1000, '\0'), std::string("no log")}) {
    put_file(folder / "run/metrics.log", log);
    const auto before = contents(folder / "run");
    EXPECT_NE(error_of([&] { recover(folder / "run"); }).find("metrics.log: holds nothing whole"), std::string::npos);
    EXPECT_EQ(contents(folder / "run"), before);
  }
}

TEST(Recovery, KeepsInfiniteAttributes) {
  const TemporaryFolder folder;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  {
    RunFolder run("prog", {{"seed", 1}}, 1, folder / "run");
    run.set_attribute("up", infinity);
    run.set_attribute("down", -infinity);
  }
  const LogContents log = read_metric_log(folder / "run/metrics.log");
  EXPECT_EQ(log.attributes.at("up"), infinity);
  EXPECT_EQ(log.attributes.at("down"), -infinity);
  EXPECT_EQ(log.torn_bytes, 0);
}

// A byte changed anywhere: what is recovered is a beginning of what was logged, of the run that it was, or nothing.
TEST(Recovery, NeverTellsWhatWasNotSo) {
  const TemporaryFolder folder;
  const nlohmann::json configuration = make_run(folder / "whole", true);
  for (const char* name : {"config.json", "complete.json", "metrics.log"}) {
    const std::string whole = bytes_of(folder / "whole" / name);
    for (std::size_t at = 0; at < whole.size(); at += std::max<std::size_t>(1, whole.size() / 20)) {
      fs::remove_all(folder / "run");
      fs::copy(folder / "whole", folder / "run");
      fs::remove(folder / "run/run.h5");
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
      put_file(folder / "run" / name, damaged);
      if (name == std::string_view("metrics.log")) {
        const auto before = contents(folder / "run");
        EXPECT_NE(error_of([&] { recover(folder / "run"); }), "") << at;
        EXPECT_EQ(contents(folder / "run"), before) << at;
        fs::remove(folder / "run/complete.json");
        std::uint32_t first = 0;
        std::memcpy(&first, whole.data(), sizeof first);
        if (at < 8 + first) continue;  // nothing whole is left
      }
      try {
        const Recovery recovery = recover(folder / "run");
        const std::int64_t kept = recovery.record["rows"].value("step", std::int64_t{0});
        EXPECT_EQ(recovery.record["options"], configuration["options"]);
        EXPECT_EQ(recovery.record["run_id"], configuration["run_id"]);
        EXPECT_TRUE(name == std::string_view("metrics.log") ? kept < rows : kept == rows) << name << " " << at;
        const bool as_recorded = name == std::string_view("config.json");
        EXPECT_EQ(recovery.record["status"], as_recorded ? "completed" : "interrupted") << name << " " << at;
        EXPECT_EQ(read_completion(folder / "run").verdict, Verdict::whole);
        EXPECT_EQ(read_sealed(folder / "run/config.json"), configuration);
      } catch (const std::runtime_error& error) {
        ADD_FAILURE() << name << " " << at << ": " << error.what();
      }
    }
  }
}

TEST(Recovery, OfAnotherGradusIsRefused) {
  for (const char* name : {"complete.json", "config.json"}) {
    const TemporaryFolder folder;
    make_run(folder / "run", true);
    fs::remove(folder / "run/run.h5");
    nlohmann::json earlier = read_sealed(folder / "run" / name);
    earlier["schema"] = 1;
    put_file(folder / "run" / name, earlier.dump());
    EXPECT_EQ(error_of([&] { recover(folder / "run"); }),
              (folder / "run" / name).string() + ": schema 1, written by an earlier Gradus; expected 2 to 3");
    EXPECT_EQ(bytes_of(folder / "run" / name), earlier.dump());
  }
}

// It may be about to write its record: nothing is read before the lock is had.
TEST(Recovery, OfARunThatHoldsItsLogIsRefusedEvenWithARecord) {
  const TemporaryFolder folder;
  make_run(folder / "run", true);
  const Descriptor log(folder / "run/metrics.log", O_RDONLY);
  ASSERT_EQ(::flock(log.get(), LOCK_EX), 0);
  EXPECT_NE(error_of([&] { recover(folder / "run"); }).find("still running"), std::string::npos);
}

TEST(Recovery, OfAWholeRunNeedsNoLog) {
  const TemporaryFolder folder;
  make_run(folder / "run", true);
  fs::remove(folder / "run/metrics.log");
  EXPECT_EQ(recover(folder / "run").record.at("status"), "completed");
}

std::string frame(const std::string& payload) {
  boost::crc_32_type crc;
  crc.process_bytes(payload.data(), payload.size());
  const auto length = static_cast<std::uint32_t>(payload.size()), checksum = static_cast<std::uint32_t>(crc.checksum());
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 4);
  std::memcpy(bytes.data() + 4, &checksum, 4);
  return bytes + payload;
}

// Whole frames that announce what no file of this size can hold.
TEST(Recovery, TakesNoMemoryThatTheFileDoesNotVouchFor) {
  const std::string nested = R"({"a": )" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  std::string many;
  for (int i = 0; i < 1000; ++i)
    many += frame(R"(T{"name": "t)" + std::to_string(i) +
                  R"(", "index": "i", "columns": [{"name": "c", "units": "1",)"
                  R"("long_name": "", "axis": "k", "length": 1999999}]})");
  std::vector<std::string> logs{many, frame("A" + nested), frame("T" + nested), frame("C" + nested)};
  for (const char* length : {"100000000", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808",
                             "18446744073709551615", "1e300", "-1", "1.5", "null"})
    logs.push_back(frame(std::string(R"(T{"name": "step", "index": "step", "columns": [{"name": "c", "units": "1",)"
                                     R"("long_name": "", "axis": "k", "length": )") +
                         length + "}]}"));
  for (const std::string& log : logs) {
    const TemporaryFolder folder;
    make_run(folder / "run", false);
    const std::string whole = bytes_of(folder / "run/metrics.log");
    put_file(folder / "run/metrics.log", whole + log);
    fs::resize_file(folder / "run/metrics.log", std::uintmax_t{1} << 40);  // and zeros, as after a power cut
    const pid_t child = ::fork();
    if (child == 0) {
#if !defined(__SANITIZE_ADDRESS__)
      const rlimit limit{256 << 20, 256 << 20};
      ::setrlimit(RLIMIT_DATA, &limit);
#endif
      try {
        ::_exit(recover(folder / "run").record["rows"]["step"] == rows ? 0 : 1);
      } catch (const std::exception&) {
        ::_exit(2);
      }
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0) << log.substr(0, 200);
  }
}

}  // namespace
}  // namespace gradus::records
