#include "experiments/lab/idx_dataset.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/experiments/idx_files.h"

namespace gradus::lab {
namespace {

class IdxDataset : public testing::Test {
 protected:
  IdxDataset() {
    put_file(folder_ / "train-images-idx3-ubyte", idx_bytes({3, 1, 2}, std::string("\0\xff\1\2\3\4", 6)));
    put_file(folder_ / "train-labels-idx1-ubyte", idx_bytes({3}, std::string("\0\1\2", 3)));
    put_file(folder_ / "t10k-images-idx3-ubyte.gz", gzipped(idx_bytes({1, 1, 2}, "ab")));
    put_file(folder_ / "t10k-labels-idx1-ubyte.gz", gzipped(idx_bytes({1}, "\4")));
  }
  // Each file is read once in a process: a new look needs a new name of the folder.
  Dataset load() {
    const std::filesystem::path link = links_ / std::to_string(++looks_);
    std::filesystem::create_directory_symlink(folder_.path(), link);
    return idx_dataset("mnist", link);
  }
  std::string complaint() {
    return error_of([&] { load().train.size(); });
  }
  TemporaryFolder folder_, links_;
  int looks_ = 0;
};

TEST_F(IdxDataset, ScalesPixelsAndCountsClasses) {
  for (const DType type : {DType::float32, DType::float64}) {
    const Dataset data = load();
    const Batch train = data.train.rows(0, 3, type);
    EXPECT_EQ(train.inputs.shape(), (Shape{3, 2}));
    EXPECT_EQ(train.inputs.dtype(), type);
    EXPECT_EQ(train.inputs.at(0), 0);
    EXPECT_EQ(train.inputs.at(1), 1);
    EXPECT_NEAR(train.inputs.at(5), 4 / 255.0, type == DType::float64 ? 1e-16 : 1e-8);
    EXPECT_EQ(train.targets.to_vector(), (std::vector<double>{0, 1, 2}));
    EXPECT_EQ(data.test.size(), 1);
    EXPECT_EQ(data.train.targets().classes, 5);
    EXPECT_EQ(data.train.inputs().shape, (Shape{1, 2}));
  }
}

TEST_F(IdxDataset, RefusesFilesThatDoNotFit) {
  put_file(folder_ / "train-labels-idx1-ubyte", idx_bytes({2}, "\1\1"));
  EXPECT_NE(complaint().find("3 images, but 2 labels"), std::string::npos) << complaint();
  put_file(folder_ / "train-labels-idx1-ubyte", idx_bytes({3}, "\1\1\12"));
  EXPECT_NE(complaint().find("label 10 at position 2, expected 0 to 9"), std::string::npos) << complaint();
  put_file(folder_ / "train-labels-idx1-ubyte", idx_bytes({3}, "\1\1\1"));
  put_file(folder_ / "t10k-images-idx3-ubyte.gz", gzipped(idx_bytes({1, 2, 1}, "ab")));
  EXPECT_NE(complaint().find("training images are 1 x 2, test images 2 x 1"), std::string::npos) << complaint();
  std::filesystem::remove(folder_ / "t10k-images-idx3-ubyte.gz");
  EXPECT_NE(complaint().find("neither t10k-images-idx3-ubyte nor t10k-images-idx3-ubyte.gz is there"),
            std::string::npos)
      << complaint();
  EXPECT_THROW(idx_dataset("mnist", folder_ / "absent").test.size(), std::runtime_error);
  EXPECT_THROW(idx_dataset("mnist", "").test.size(), std::invalid_argument);
}

TEST(Dataset, FashionMnistIsWhatDebianInstalls) {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist"))
    GTEST_SKIP() << "package dataset-fashion-mnist is not installed";
  const Dataset data = idx_dataset("fashion-mnist", "");
  EXPECT_EQ(data.train.size(), 60000);
  EXPECT_EQ(data.test.size(), 10000);
  EXPECT_EQ(data.train.inputs().shape, (Shape{28, 28}));
  EXPECT_EQ(data.train.targets().classes, 10);
  double sum = 0;
  const Batch all = data.train.rows(0, 60000, DType::float32);
  for (const float pixel : all.inputs.elements<float>()) sum += pixel;
  EXPECT_NEAR(sum / (60000 * 784), 0.2860, 1e-4);  // the mean that everybody normalises with
  EXPECT_EQ(data.train.labels()[0], 9);
}

}  // namespace
}  // namespace gradus::lab
