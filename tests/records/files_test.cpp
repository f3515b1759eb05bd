#include "experiments/records/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/support/files.h"

namespace gradus::records {
namespace {

namespace fs = std::filesystem;

TEST(Files, DigestsAreThoseOfTheStandard) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-2, B.1
  const TemporaryFolder folder;
  put_file(folder / "abc", "abc");
  EXPECT_EQ(sha256_of_file(folder / "abc"), sha256("abc"));
  EXPECT_NE(error_of([&] { sha256_of_file(folder / "absent"); }).find("absent: cannot open: No such file"),
            std::string::npos);
}

TEST(Files, AreReadNoFurtherThanAsked) {
  const TemporaryFolder folder;
  put_file(folder / "log", "0123456789abc");
  fs::resize_file(folder / "log", std::uintmax_t{1} << 40);  // no memory holds it
  EXPECT_EQ(read_beginning(folder / "log", 10), "0123456789");
  put_file(folder / "log", "012");
  EXPECT_EQ(read_beginning(folder / "log", 10), "012");
}

TEST(Files, APipeIsNotWaitedFor) {
  const TemporaryFolder folder;
  const fs::path pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(error_of([&] { read_file(pipe); }), pipe.string() + ": not a regular file");
  EXPECT_EQ(error_of([&] { sha256_of_file(pipe); }), pipe.string() + ": not a regular file");
  EXPECT_EQ(error_of([&] { Descriptor(pipe, O_RDONLY); }), "");
}

TEST(Files, AreReplacedAsAWhole) {
  const TemporaryFolder folder;
  write_file(folder / "a", "first");
  write_file(folder / "a", "second");
  EXPECT_EQ(read_file(folder / "a"), "second");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(Files, AFullDiskLeavesTheOldFile) {
  const TemporaryFolder folder;
  write_file(folder / "a", "old");
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const std::string what = error_of([&] { write_file(folder / "a", std::string(5000, 'x')); });
    ::_exit(what.find("cannot write") == std::string::npos);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read_file(folder / "a"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(Files, LongNamesHaveAHiddenNameBeside) {
  const TemporaryFolder folder;
  const fs::path target = folder / std::string(255, 'x');
  write_file(target, "first");
  write_file(target, "second");
  EXPECT_EQ(read_file(target), "second");
  EXPECT_EQ(hidden_beside("a/r.h5", ".run"), "a/.r.h5.run");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(Files, WantOfMemoryNamesThem) {
  EXPECT_EQ(error_of([] { within_memory("big.csv", "cannot be read", []() -> int { throw std::bad_alloc(); }); }),
            "big.csv: cannot be read: Cannot allocate memory");
}

TEST(ReplaceFolder, EndsAfterAKillAtAnyMoment) {
  const TemporaryFolder folder;
  const fs::path target = folder / "run", finished = folder / "new", aside = folder / ".run.old";
  const auto make = [](const fs::path& path, const std::string& text) {
    fs::create_directory(path);
    put_file(path / "text", text);
  };
  make(target, "old");
  make(finished, "new");
  const fs::path earlier = replace_folder(finished, target);
  EXPECT_EQ(read_file(target / "text"), "new");
  EXPECT_EQ(earlier, aside);
  EXPECT_EQ(read_file(earlier / "text"), "old");
  EXPECT_FALSE(fs::exists(finished));
  EXPECT_TRUE(finish_replacement(target));  // killed before the earlier one was removed
  EXPECT_FALSE(fs::exists(aside));
  EXPECT_FALSE(finish_replacement(target));
  fs::rename(target, aside);  // killed between two renames
  EXPECT_TRUE(finish_replacement(target));
  EXPECT_EQ(read_file(target / "text"), "new");
}

TEST(Lock, IsHadByOneAndTroubleIsNotALock) {
  const TemporaryFolder folder;
  put_file(folder / "log", "");
  const Descriptor first(folder / "log", O_RDONLY), second(folder / "log", O_RDONLY);
  EXPECT_EQ(try_lock(first.get(), folder / "log"), Lock::mine);
  EXPECT_EQ(try_lock(second.get(), folder / "log"), Lock::others);
  EXPECT_EQ(error_of([&] { try_lock(-1, folder / "log"); }),
            (folder / "log").string() + ": cannot be locked: Bad file descriptor");
}

TEST(ClaimFolder, GivesAFolderToOneOnly) {
  const TemporaryFolder folder;
  const fs::path output = folder / "deep/down/run";
  claim_folder(output);
  EXPECT_TRUE(fs::is_directory(output));
  EXPECT_EQ(error_of([&] { claim_folder(output); }), output.string() + ": cannot create: File exists");
  EXPECT_NE(error_of([] { claim_folder("/proc/gradus/run"); }).find("/proc/gradus/run: cannot create"),
            std::string::npos);
}

}  // namespace
}  // namespace gradus::records
