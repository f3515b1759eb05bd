#include "experiments/lab/dataset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

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
  Dataset load(DType type = DType::float32) { return load_idx_dataset("mnist", folder_.path(), type); }
  std::string complaint() {
    return error_of([&] { load(); });
  }
  TemporaryFolder folder_;
};

TEST_F(IdxDataset, ScalesPixelsAndCountsClasses) {
  for (const DType type : {DType::float32, DType::float64}) {
    const Dataset data = load(type);
    EXPECT_EQ(data.train.images.shape(), (Shape{3, 2}));
    EXPECT_EQ(data.train.images.dtype(), type);
    EXPECT_EQ(data.train.images.at(0), 0);
    EXPECT_EQ(data.train.images.at(1), 1);
    EXPECT_NEAR(data.train.images.at(5), 4 / 255.0, type == DType::float64 ? 1e-16 : 1e-8);
    EXPECT_EQ(data.train.labels.to_vector(), (std::vector<double>{0, 1, 2}));
    EXPECT_EQ(data.test.size(), 1);
    EXPECT_EQ(data.classes, 5);
    EXPECT_EQ(data.height, 1);
    EXPECT_EQ(data.width, 2);
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
  EXPECT_THROW(load_idx_dataset("mnist", folder_ / "absent", DType::float32), std::runtime_error);
  EXPECT_THROW(load_idx_dataset("mnist", "", DType::float32), std::invalid_argument);
}

TEST(Dataset, FashionMnistIsWhatDebianInstalls) {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist"))
    GTEST_SKIP() << "package dataset-fashion-mnist is not installed";
  const Dataset data = load_idx_dataset("fashion-mnist", "", DType::float32);
  EXPECT_EQ(data.train.images.shape(), (Shape{60000, 784}));
  EXPECT_EQ(data.test.images.shape(), (Shape{10000, 784}));
  EXPECT_EQ(data.classes, 10);
  double sum = 0;
  for (const float pixel : data.train.images.elements<float>()) sum += pixel;
  EXPECT_NEAR(sum / (60000 * 784), 0.2860, 1e-4);  // the mean that everybody normalises with
  EXPECT_EQ(data.train.labels.at(0), 9);
}

Split numbered(std::int64_t n) {
  Split split{Tensor::uninitialized({n, 2}, DType::float64), Tensor::uninitialized({n}, DType::int32)};
  for (std::int64_t i = 0; i < n; ++i)
    split.images.set(2 * i, static_cast<double>(i)), split.images.set(2 * i + 1, -static_cast<double>(i)),
        split.labels.set(i, static_cast<double>(i));
  return split;
}

TEST(Batches, GiveEveryExampleOnceInAnOrderOfTheStreamAlone) {
  const Split split = numbered(10);
  const auto order = [&](std::uint64_t seed, std::uint64_t epoch) {
    std::vector<double> labels;
    std::vector<std::int64_t> sizes;
    for (const Batch& batch : Batches(split, 4, RandomStream(seed, "shuffle", epoch))) {
      sizes.push_back(batch.labels.size());
      EXPECT_EQ(batch.inputs.shape(), (Shape{batch.labels.size(), 2}));
      for (std::int64_t i = 0; i < batch.labels.size(); ++i) {
        EXPECT_EQ(batch.inputs.at(2 * i), batch.labels.at(i));
        EXPECT_EQ(batch.inputs.at(2 * i + 1), -batch.labels.at(i));
        labels.push_back(batch.labels.at(i));
      }
    }
    EXPECT_EQ(sizes, (std::vector<std::int64_t>{4, 4, 2}));
    EXPECT_EQ(std::set<double>(labels.begin(), labels.end()).size(), 10U);
    return labels;
  };
  EXPECT_EQ(order(1, 0), order(1, 0));
  EXPECT_NE(order(1, 0), order(1, 1));
  EXPECT_NE(order(1, 0), order(2, 0));

  // A batches object used again for a later epoch gives what a new one would.
  Batches again(split, 4, RandomStream(1, "shuffle", 0));
  for (const Batch& batch : again) EXPECT_TRUE(batch.inputs.defined());
  again.shuffle(RandomStream(1, "shuffle", 1));
  std::vector<double> labels;
  for (const Batch& batch : again)
    for (const double label : batch.labels.to_vector()) labels.push_back(label);
  EXPECT_EQ(labels, order(1, 1));
}

TEST(Batches, ReuseOneBuffer) {
  const Split split = numbered(10);
  Batches batches(split, 4, RandomStream(1));
  const void* first = batches[0].inputs.raw();
  for (const Batch& batch : batches) EXPECT_EQ(batch.inputs.raw(), first);
}

TEST(Batches, SequentialOnesAreViews) {
  const Split split = numbered(10);
  std::int64_t row = 0;
  Batches batches(split, 3);
  EXPECT_EQ(batches.size(), 4);
  for (const Batch& batch : batches) {
    EXPECT_EQ(batch.inputs.data<double>(), split.images.data<double>() + 2 * row);
    EXPECT_EQ(batch.labels.data<std::int32_t>(), split.labels.data<std::int32_t>() + row);
    row += batch.labels.size();
  }
  EXPECT_EQ(row, 10);
}

TEST(Batches, RefuseSizesAndNumbersOutOfRange) {
  const Split split = numbered(3);
  EXPECT_THROW(Batches(split, 0), std::invalid_argument);
  Batches batches(split, 5);
  EXPECT_EQ(batches[0].labels.size(), 3);
  EXPECT_THROW(batches[1], std::invalid_argument);
  EXPECT_THROW(batches.shuffle(RandomStream(1)), std::invalid_argument);
  EXPECT_EQ(error_of([] { Batches(Split{}, 5); }),
            "batches: the split has no examples yet: a run's data set is loaded by run.start()");
}

TEST(Batches, TakeTargetsOfAnyType) {
  Split split = numbered(6);
  split.labels = split.labels.converted(DType::float32);
  for (const Batch& batch : Batches(split, 4, RandomStream(1)))
    for (std::int64_t i = 0; i < batch.labels.size(); ++i) EXPECT_EQ(batch.labels.at(i), batch.inputs.at(2 * i));
  EXPECT_EQ(error_of([&] { split.labels.data<std::int32_t>(); }),
            "tensor: [6] of float32 was read as int32: read it as what it is, or pass Tensor::converted(DType::int32)");
}

// A batch or an iterator of a temporary would outlive it.
template <class B>
constexpr bool gives_batches = requires(B&& batches) {
  std::forward<B>(batches)[0];
};
template <class B>
constexpr bool gives_iterators = requires(B&& batches) {
  std::forward<B>(batches).begin();
};
static_assert(gives_batches<Batches&> && gives_iterators<Batches&> && !gives_batches<Batches> &&
              !gives_iterators<Batches>);

}  // namespace
}  // namespace gradus::lab
