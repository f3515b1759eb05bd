// Copies of unzipped files: used where the file is as it was, and no reason for any trouble.
#include "experiments/lab/idx_cache.h"

#include "experiments/lab/idx.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "experiments/lab/idx.h"
#include "tests/experiments/idx_files.h"

namespace gradus::lab {
namespace {

namespace fs = std::filesystem;

class IdxCache : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("GRADUS_CACHE", cache_.c_str(), 1);
    put('a');
  }
  void TearDown() override { ::unsetenv("GRADUS_CACHE"); }

  // A gzip file of more than a mebibyte, which changed at a time that never varies: its bytes alone differ.
  void put(char byte, std::time_t changed = 1'000'000'000) {
    put_file(file_, gzipped(idx_bytes({1100, 1000, 1}, std::string(1'100'000, byte))));
    const timespec times[2] = {{changed, 0}, {changed, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, file_.c_str(), times, 0), 0);
  }
  char first() const {
    const IdxFile read = read_idx(file_, 3);
    EXPECT_EQ(read.shape, (std::vector<std::int64_t>{1100, 1000, 1}));
    EXPECT_EQ(read.bytes.size(), 1'100'000U);
    return static_cast<char>(read.bytes.front());
  }
  std::vector<fs::path> copies() const {
    std::vector<fs::path> all;
    if (fs::exists(cache_))
      for (const auto& entry : fs::directory_iterator(cache_)) all.push_back(entry.path());
    return all;
  }

  TemporaryFolder folder_;
  fs::path cache_ = folder_ / "caches" / "gradus", file_ = folder_ / "images.gz";
};

TEST_F(IdxCache, IsReadInPlaceOfAFileThatIsAsItWas) {
  EXPECT_EQ(first(), 'a');
  ASSERT_EQ(copies().size(), 1U);
  put('b');  // behind its back: of the same size, time and inode
  EXPECT_EQ(first(), 'a');
  put('b', 1'000'000'001);
  EXPECT_EQ(first(), 'b');
  EXPECT_EQ(copies().size(), 1U);  // in place of the old one
  put('c', 1'000'000'001);
  EXPECT_EQ(first(), 'b');
}

TEST_F(IdxCache, DamageAndOtherFilesAreAsGoodAsNone) {
  first();
  const fs::path copy = copies().at(0);
  const std::string good = bytes_of(copy);
  std::string flipped = good, far = good;
  flipped[good.size() - 77] ^= 1;
  far.replace(far.find("shape 1100 1000 1"), 17, "shape 9999999999999999999 1");
  put('b');
  for (const std::string& bad : {std::string(), std::string("x"), good.substr(0, good.size() - 1), good + "x", flipped,
                                 far, std::string(9000, '\n')}) {
    put_file(copy, bad);
    EXPECT_EQ(first(), 'b');
    EXPECT_EQ(bytes_of(copy).size(), good.size());  // made anew
  }
}

TEST_F(IdxCache, RefusesWhatTheFileWouldBeRefusedFor) {
  first();
  EXPECT_NE(error_of([&] { read_idx(file_, 1); }).find("holds images (3 axes), expected labels (1 axis)"),
            std::string::npos);
  EXPECT_NE(error_of([&] { read_idx(file_, 3, 1000); }).find("more than 1000 bytes"), std::string::npos);
}

TEST_F(IdxCache, IsNowhereWhereItIsOffOrCannotBe) {
  ::setenv("GRADUS_CACHE", "off", 1);
  EXPECT_EQ(idx_cache_folder(), std::nullopt);
  EXPECT_EQ(first(), 'a');
  put_file(folder_ / "a_file", "");
  ::setenv("GRADUS_CACHE", (folder_ / "a_file" / "below").c_str(), 1);
  EXPECT_EQ(first(), 'a');
  EXPECT_TRUE(copies().empty());
  // A small file gets none.
  ::setenv("GRADUS_CACHE", cache_.c_str(), 1);
  put_file(folder_ / "small.gz", gzipped(idx_bytes({3}, "abc")));
  read_idx(folder_ / "small.gz", 1);
  EXPECT_TRUE(copies().empty());
}

TEST_F(IdxCache, LiesAmongTheUsersCaches) {
  ::unsetenv("GRADUS_CACHE");
  const auto variable = [](const char* name) {
    const char* text = ::getenv(name);
    return std::string(text ? text : "");
  };
  const std::string home = variable("HOME"), caches = variable("XDG_CACHE_HOME");
  ::setenv("HOME", "/home/someone", 1);
  ::unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(idx_cache_folder(), "/home/someone/.cache/gradus");
  ::setenv("XDG_CACHE_HOME", "/var/caches", 1);
  EXPECT_EQ(idx_cache_folder(), "/var/caches/gradus");
  ::setenv("XDG_CACHE_HOME", "relative", 1);
  ::unsetenv("HOME");
  EXPECT_EQ(idx_cache_folder(), std::nullopt);
  ::setenv("HOME", home.c_str(), 1);
  ::setenv("XDG_CACHE_HOME", caches.c_str(), 1);
}

}  // namespace
}  // namespace gradus::lab
