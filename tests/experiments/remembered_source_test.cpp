#include "experiments/lab/remembered_source.h"

#include <gtest/gtest.h>

#include "tests/experiments/numbered.h"

namespace gradus::lab {
namespace {

TEST(Remembered, ComputesEachExampleOnce) {
  std::int64_t computed = 0;
  const Source costly = numbered(100, 10).changed(
      [&computed](std::span<const std::int64_t> rows, const Batch&) { computed += std::ssize(rows); });
  const Source source = remembered(costly);
  EXPECT_EQ(source.size(), 100);
  EXPECT_EQ(source.targets().classes, 10);
  EXPECT_EQ(source.rows(17, 1, DType::float32).inputs.to_vector(), (std::vector<double>{17, -17}));
  EXPECT_EQ(computed, 1);  // alone
  EXPECT_EQ(source.rows(98, 2, DType::float32).inputs.to_vector(), (std::vector<double>{98, -98, 99, -99}));
  EXPECT_EQ(computed, 101);
  EXPECT_EQ(source.labels(), costly.labels());
  EXPECT_EQ(computed, 201);  // by the other
}

TEST(Remembered, ComputesAllForManySingleOnes) {
  std::int64_t computed = 0;
  const Source source = remembered(numbered(100).changed(
      [&computed](std::span<const std::int64_t> rows, const Batch&) { computed += std::ssize(rows); }));
  for (std::int64_t pass = 0; pass < 3; ++pass)
    for (std::int64_t row = 0; row < 100; ++row)
      EXPECT_EQ(source.rows(row, 1, DType::float64).inputs.at(0), static_cast<double>(row));
  EXPECT_EQ(computed, 108);
}

}  // namespace
}  // namespace gradus::lab
