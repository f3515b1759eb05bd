#include "experiments/records/metric_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "experiments/records/log_contents.h"
#include "tests/support/files.h"

namespace {

std::atomic<int> syncs_to_fail = 0, sync_milliseconds = 0;

}  // namespace

// In the place of the C library's: fails or takes its time where a test says so.
extern "C" int fdatasync(int descriptor) {
  if (sync_milliseconds > 0) std::this_thread::sleep_for(std::chrono::milliseconds(sync_milliseconds));
  if (syncs_to_fail > 0) {
    --syncs_to_fail;
    errno = EIO;
    return -1;
  }
  return ::fsync(descriptor);
}

namespace gradus::records {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const MetricTable& step_table() {
  static const MetricTable table("step", {{"loss", "1", "loss of the batch"}, {"seconds", "s", "time"}});
  return table;
}

const nlohmann::json& config() {
  static const nlohmann::json object{{"program", "p"}};
  return object;
}

// Row i is (i, {i / 2, -i}).
void append_row(MetricLog& log, std::uint16_t table, std::int64_t i) {
  const double values[] = {static_cast<double>(i) / 2, -static_cast<double>(i)};
  log.append(table, i, values);
}

void expect_first_rows(const MetricTable& table) {
  for (std::size_t i = 0; i < table.index().size(); ++i) {
    ASSERT_EQ(table.index()[i], static_cast<std::int64_t>(i));
    ASSERT_EQ(table.values(0)[i], static_cast<double>(i) / 2);
    ASSERT_EQ(table.values(1)[i], -static_cast<double>(i));
  }
}

TEST(MetricLog, GivesBackWhatWasWritten) {
  const TemporaryFolder folder;
  {
    MetricLog log(folder / "log", config());
    const auto step = log.add_table(step_table());
    for (std::int64_t i = 0; i < 5000; ++i) append_row(log, step, i);
    const auto epoch = log.add_table(MetricTable("epoch", {{"accuracy", "1", ""}}));
    const double nan[] = {std::numeric_limits<double>::quiet_NaN()};
    log.append(epoch, 0, nan);
    log.add_attributes({{"threads", 2}});
  }
  const LogContents read = read_metric_log(folder / "log");
  ASSERT_EQ(read.tables.size(), 2U);
  EXPECT_EQ(read.configuration, config());
  EXPECT_EQ(read.tables[0].columns(), step_table().columns());
  EXPECT_EQ(read.tables[0].rows(), 5000);
  expect_first_rows(read.tables[0]);
  EXPECT_EQ(read.tables[1].name(), "epoch");
  EXPECT_TRUE(std::isnan(read.tables[1].values(0)[0]));
  EXPECT_EQ(read.attributes["threads"], 2);
  EXPECT_EQ(read.torn_bytes, 0);
  EXPECT_THROW(MetricLog(folder / "log", config()), std::runtime_error);
}

// A row that follows another one at once, and is followed by none; also while the disk is busy.
TEST(MetricLog, ALastRowReachesTheFileInATenthOfASecond) {
  for (const int delay : {0, 1000}) {
    const TemporaryFolder folder;
    MetricLog log(folder / "log", config());
    const auto step = log.add_table(step_table());
    sync_milliseconds = delay;
    if (delay > 0) std::this_thread::sleep_for(1100ms);  // the thread is in its sync
    for (std::int64_t i = 0; i < 3; ++i) append_row(log, step, i);
    std::this_thread::sleep_for(300ms);  // the tenth, and what a busy machine may take
    EXPECT_EQ(read_metric_log(folder / "log").tables.at(0).rows(), 3) << delay;
    sync_milliseconds = 0;
  }
}

// The system tells of a failure once; after it, what was written before may be lost without a word.
TEST(MetricLog, AFailedSyncOfTheThreadIsNotForgotten) {
  const TemporaryFolder folder;
  MetricLog log(folder / "log", config());
  const auto step = log.add_table(step_table());
  syncs_to_fail = 1;
  append_row(log, step, 0);
  for (int wait = 0; wait < 50 && syncs_to_fail > 0; ++wait) std::this_thread::sleep_for(100ms);
  ASSERT_EQ(syncs_to_fail, 0);
  const std::string expected = (folder / "log").string() + ": cannot sync: Input/output error";
  for (int again = 0; again < 3; ++again) EXPECT_EQ(error_of([&] { log.sync(); }), expected);
  EXPECT_EQ(error_of([&] { append_row(log, step, 1); }), expected);
}

TEST(MetricLog, EveryCutLeavesAPrefix) {
  const TemporaryFolder folder;
  {
    MetricLog log(folder / "log", config());
    const auto step = log.add_table(step_table());
    for (std::int64_t i = 0; i < 20; ++i) append_row(log, step, i);
  }
  const std::string whole = bytes_of(folder / "log");
  std::int64_t rows = 0;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    put_file(folder / "cut", whole.substr(0, size));
    const LogContents read = read_metric_log(folder / "cut");
    EXPECT_EQ(static_cast<std::int64_t>(size), read.whole_bytes + read.torn_bytes);
    if (read.tables.empty()) continue;
    EXPECT_GE(read.tables[0].rows(), rows);
    rows = read.tables[0].rows();
    expect_first_rows(read.tables[0]);
  }
  EXPECT_EQ(rows, 20);
}

TEST(MetricLog, DamageIsNoticedAndZerosAreNoFrames) {
  const TemporaryFolder folder;
  {
    MetricLog log(folder / "log", config());
    const auto step = log.add_table(step_table());
    for (std::int64_t i = 0; i < 20; ++i) append_row(log, step, i);
  }
  const std::string whole = bytes_of(folder / "log");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    put_file(folder / "damaged", damaged);
    const LogContents read = read_metric_log(folder / "damaged");
    EXPECT_GT(read.torn_bytes, 0) << "byte " << at;
    for (const MetricTable& table : read.tables) expect_first_rows(table);
  }
  put_file(folder / "zeros", whole + std::string(4096, '\0'));
  EXPECT_EQ(read_metric_log(folder / "zeros").torn_bytes, 4096);
  EXPECT_EQ(read_metric_log(folder / "zeros").tables.at(0).rows(), 20);
}

TEST(MetricLog, AKillLosesOnlyWhatWasNotYetWritten) {
  for (int trial = 0; trial < 10; ++trial) {
    const TemporaryFolder folder;
    int synced[2];
    ASSERT_EQ(::pipe(synced), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      MetricLog log(folder / "log", config());
      const auto step = log.add_table(step_table());
      for (std::int64_t i = 0;; ++i) {
        append_row(log, step, i);
        if (i % 1000 == 0) {
          log.sync();
          if (::write(synced[1], &i, sizeof i) != sizeof i) ::_exit(1);
        }
      }
    }
    ::close(synced[1]);
    std::int64_t durable = -1, last = -1;
    for (int report = 0; report <= trial; ++report) ASSERT_EQ(::read(synced[0], &durable, sizeof durable), 8);
    ::usleep(static_cast<useconds_t>(137 * trial));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(synced[0], &last, sizeof last) == 8) durable = last;
    ::close(synced[0]);
    const LogContents read = read_metric_log(folder / "log");
    ASSERT_EQ(read.tables.size(), 1U);
    EXPECT_GT(read.tables[0].rows(), durable);
    expect_first_rows(read.tables[0]);
  }
}

TEST(MetricLog, AFullDiskIsAnErrorAndWhatWasWrittenStaysReadable) {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100'003, 200'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    MetricLog log(folder / "log", config());
    const auto step = log.add_table(step_table());
    std::int64_t i = 0;
    const std::string what = error_of([&] {
      for (;; ++i) append_row(log, step, i);
    });
    if (what.find((folder / "log").string() + ": cannot write: ") != 0) ::_exit(1);
    if (error_of([&] { append_row(log, step, i); }) != what) ::_exit(2);
    const LogContents read = read_metric_log(folder / "log");
    if (read.torn_bytes == 0 || read.tables.at(0).rows() < 2500) ::_exit(3);
    // Once there is room again, nothing is missing.
    const rlimit more{200'000, 200'000};
    ::setrlimit(RLIMIT_FSIZE, &more);
    log.sync();
    const LogContents later = read_metric_log(folder / "log");
    ::_exit(later.torn_bytes == 0 && later.tables.at(0).rows() >= i ? 0 : 4);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_FALSE(WIFSIGNALED(status));
  expect_first_rows(read_metric_log(folder / "log").tables.at(0));
}

TEST(MetricLog, IsLockedWhileItIsOpen) {
  const TemporaryFolder folder;
  MetricLog log(folder / "log", config());
  EXPECT_EQ(try_lock(Descriptor(folder / "log", O_RDONLY).get(), folder / "log"), Lock::others);
}

}  // namespace
}  // namespace gradus::records
