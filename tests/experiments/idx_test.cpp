#include "experiments/lab/idx.h"

#include <gtest/gtest.h>

#include "tests/experiments/idx_files.h"

namespace gradus::lab {
namespace {

class Idx : public testing::Test {
 protected:
  // The complaint about a file with these bytes, which must name the file.
  std::string complaint(const std::string& bytes, int rank = 3) {
    put_file(file_, bytes);
    const std::string what = error_of([&] { read_idx(file_, rank); });
    EXPECT_NE(what.find(file_.string()), std::string::npos) << what;
    return what.substr(std::min(what.size(), file_.string().size()));
  }

  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "some-idx";
  std::string images_ = idx_bytes({2, 2, 3}, "abcdefghijkl"), labels_ = idx_bytes({3}, std::string("\0\1\2", 3));
};

TEST_F(Idx, ReadsPlainAndGzip) {
  for (const std::string& bytes : {images_, gzipped(images_)}) {
    put_file(file_, bytes);
    const IdxFile read = read_idx(file_, 3);
    EXPECT_EQ(read.shape, (std::vector<std::int64_t>{2, 2, 3}));
    EXPECT_EQ(std::string(read.bytes.begin(), read.bytes.end()), "abcdefghijkl");
  }
}

TEST_F(Idx, RefusesWhatIsNotOne) {
  EXPECT_EQ(error_of([&] { read_idx(folder_ / "absent", 3); }), (folder_ / "absent").string() + ": no such file");
  EXPECT_EQ(error_of([&] { read_idx(folder_.path(), 3); }), folder_.path().string() + ": not a regular file");
  EXPECT_EQ(complaint("\x89PNG and more"), ": not an IDX file: begins with 89 50, expected 00 00");
  EXPECT_EQ(complaint(idx_bytes({1, 1, 1}, "abcd", 0x0D)), ": element type 0x0d, expected 0x08 (unsigned bytes)");
  EXPECT_EQ(complaint(labels_), ": holds labels (1 axis), expected images (3 axes)");
  EXPECT_EQ(complaint(gzipped(images_), 1), ": holds images (3 axes), expected labels (1 axis)");
  EXPECT_EQ(complaint(idx_bytes({0, 2, 3}, "")), ": extent 0 on axis 0, expected at least 1");
}

TEST_F(Idx, RefusesEveryTruncation) {
  for (std::size_t size = 0; size < images_.size(); ++size)
    EXPECT_NE(complaint(images_.substr(0, size)), "") << size << " bytes";
  const std::string packed = gzipped(images_);
  for (std::size_t size = 0; size < packed.size(); ++size)
    EXPECT_NE(complaint(packed.substr(0, size)), "") << size << " bytes of gzip";
}

TEST_F(Idx, RefusesEveryFlippedByteOfAGzipMembersBody) {
  const std::string packed = gzipped(images_);
  // The first ten bytes hold times and hints; the last four repeat the length, which the IDX header gives.
  for (std::size_t at = 10; at + 4 < packed.size(); ++at) {
    std::string damaged = packed;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    EXPECT_NE(complaint(damaged), "") << "byte " << at;
  }
}

TEST_F(Idx, RefusesBytesAfterTheEnd) {
  EXPECT_EQ(complaint(images_ + "x"), ": bytes after the 12 that its header announces");
  EXPECT_EQ(complaint(gzipped(images_ + "x")), ": bytes after the 12 that its header announces");
  EXPECT_NE(complaint(gzipped(images_) + "rubbish"), "");
}

TEST_F(Idx, ReservesNothingThatTheFileCannotHold) {
  const std::string huge = idx_bytes({0xffffffff, 0xffffffff, 0xffffffff}, "abc");
  EXPECT_NE(complaint(huge).find("the header asks for more than"), std::string::npos);
  EXPECT_NE(complaint(gzipped(huge)).find("the header asks for more than"), std::string::npos);
  put_file(file_, images_);
  EXPECT_NE(error_of([&] { read_idx(file_, 3, 11); }).find("more than 11 bytes"), std::string::npos);
}

}  // namespace
}  // namespace gradus::lab
