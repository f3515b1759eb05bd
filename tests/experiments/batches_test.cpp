#include "experiments/lab/batches.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/experiments/numbered.h"
#include "tests/support/throws.h"

namespace gradus::lab {
namespace {

TEST(Batches, GiveEveryExampleOnceInAnOrderOfTheStreamAlone) {
  const Source source = numbered(10);
  const auto order = [&](std::uint64_t seed, std::uint64_t epoch) {
    std::vector<double> labels;
    std::vector<std::int64_t> sizes;
    for (const Batch& batch : Batches(source, 4, DType::float64, RandomStream(seed, "shuffle", epoch))) {
      sizes.push_back(batch.targets.size());
      EXPECT_EQ(batch.inputs.shape(), (Shape{batch.targets.size(), 2}));
      for (std::int64_t i = 0; i < batch.targets.size(); ++i) {
        EXPECT_EQ(batch.inputs.at(2 * i), batch.targets.at(i));
        EXPECT_EQ(batch.inputs.at(2 * i + 1), -batch.targets.at(i));
        labels.push_back(batch.targets.at(i));
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
  Batches again(source, 4, DType::float64, RandomStream(1, "shuffle", 0));
  for (const Batch& batch : again) EXPECT_TRUE(batch.inputs.defined());
  again.shuffle(RandomStream(1, "shuffle", 1));
  std::vector<double> labels;
  for (const Batch& batch : again)
    for (const double label : batch.targets.to_vector()) labels.push_back(label);
  EXPECT_EQ(labels, order(1, 1));
}

TEST(Batches, ReuseOneBuffer) {
  const Source source = numbered(10);
  Batches batches(source, 4, DType::float64, RandomStream(1));
  const void* first = batches[0].inputs.raw();
  for (const Batch& batch : batches) EXPECT_EQ(batch.inputs.raw(), first);
}

TEST(Batches, SequentialOnesFollowTheSource) {
  const Source source = numbered(10);
  double row = 0;
  Batches batches(source, 3, DType::float64);
  EXPECT_EQ(batches.size(), 4);
  for (const Batch& batch : batches)
    for (const double label : batch.targets.to_vector()) EXPECT_EQ(label, row++);
  EXPECT_EQ(row, 10);
}

TEST(Batches, RefuseSizesAndNumbersOutOfRange) {
  const Source source = numbered(3);
  EXPECT_THROW(Batches(source, 0, DType::float64), std::invalid_argument);
  Batches batches(source, 5, DType::float64);
  EXPECT_EQ(batches[0].targets.size(), 3);
  EXPECT_THROW(batches[1], std::invalid_argument);
  EXPECT_EQ(error_of([] { Batches(Source(), 5, DType::float64); }), "batches: the source has no examples");
}

TEST(BatchStream, GoesOverTheSourceAgainAndAgain) {
  const Source source = numbered(5);
  const auto stream = [](std::uint64_t pass) { return RandomStream(7, "shuffle", pass); };
  BatchStream shuffled(source, 2, DType::float64, Order::shuffled, stream);
  EXPECT_EQ(shuffled.per_pass(), 3);
  for (std::uint64_t pass = 1; pass <= 3; ++pass) {
    std::vector<double> got, expected;
    for (int i = 0; i < 3; ++i)
      for (const double label : shuffled.next().targets.to_vector()) got.push_back(label);
    Batches once(source, 2, DType::float64, stream(pass));
    for (const Batch& batch : once)
      for (const double label : batch.targets.to_vector()) expected.push_back(label);
    EXPECT_EQ(got, expected);
  }
  BatchStream sequential(source, 2, DType::float64, Order::sequential, stream);
  for (const std::vector<double>& expected : {std::vector<double>{0, 1}, {2, 3}, {4}, {0, 1}})
    EXPECT_EQ(sequential.next().targets.to_vector(), expected);
  BatchStream whole(source, 0, DType::float64, Order::shuffled, stream);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(whole.next().targets.to_vector(), (std::vector<double>{0, 1, 2, 3, 4}));
}

// Row r is r: what no memory holds.
class Counting final : public Examples {
 public:
  std::int64_t size() const override { return endless; }
  Layout inputs() const override { return {}; }
  Layout targets() const override { return {}; }
  void read(std::span<const std::int64_t> rows, const Batch& into) const override {
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (const Tensor& part : {into.inputs, into.targets})
        part.set(static_cast<std::int64_t>(i), static_cast<double>(rows[i]));
  }
};

TEST(BatchStream, ReadsASourceWithoutEndInItsOrder) {
  const Source endless{std::make_shared<Counting>()};
  BatchStream batches(endless.after(100), 3, DType::float64, Order::shuffled,
                      [](std::uint64_t) { return RandomStream(1); });
  EXPECT_EQ(batches.next().inputs.to_vector(), (std::vector<double>{100, 101, 102}));
  EXPECT_EQ(batches.next().inputs.to_vector(), (std::vector<double>{103, 104, 105}));
  EXPECT_EQ(error_of([&] { Batches(endless, 3, DType::float64, RandomStream(1)); }),
            "batches: examples without end cannot be shuffled");
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
