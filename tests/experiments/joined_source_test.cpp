#include "experiments/lab/joined_source.h"

#include <gtest/gtest.h>

#include "tests/experiments/numbered.h"
#include "tests/support/throws.h"

namespace gradus::lab {
namespace {

TEST(Joined, HasThePartsOneAfterAnother) {
  const Source all = joined({numbered(3, 5), numbered(5, 5).after(3)});  // 0 1 2, 3 4
  ASSERT_EQ(all.size(), 5);
  EXPECT_EQ(all.targets().classes, 5);
  const Batch batch{all.inputs().rows(3, DType::float32), all.targets().rows(3, DType::float32)};
  all.read(std::vector<std::int64_t>{4, 0, 3}, batch);
  EXPECT_EQ(batch.inputs.to_vector(), (std::vector<double>{4, -4, 0, 0, 3, -3}));
  EXPECT_EQ(batch.targets.to_vector(), (std::vector<double>{4, 0, 3}));
}

TEST(Joined, RefusesPartsThatDoNotFit) {
  EXPECT_EQ(error_of([] { joined({}).size(); }), "joined: no sources");
  EXPECT_EQ(error_of([] {
              joined({numbered(3, 5), numbered(3, 4)}).size();
            }),
            "joined: targets [] of 4 classes, expected [] of 5 as in the first");
}

TEST(Repeated, BeginsAgain) {
  EXPECT_EQ(repeated(numbered(2, 2), 5).labels(), (std::vector<std::int32_t>{0, 1, 0, 1, 0}));
  EXPECT_EQ(repeated(numbered(4, 4), 2).labels(), (std::vector<std::int32_t>{0, 1}));
  EXPECT_EQ(error_of([] { repeated(numbered(3).first(0), 1).size(); }), "repeated: no examples");
}

}  // namespace
}  // namespace gradus::lab
