#include "experiments/lab/source.h"

#include <gtest/gtest.h>

#include "tests/experiments/numbered.h"
#include "tests/support/throws.h"

namespace gradus::lab {
namespace {

std::vector<std::int32_t> labels(std::initializer_list<std::int32_t> values) { return values; }

TEST(Source, IsReadByRowNumber) {
  const Source source = numbered(5, 3);
  EXPECT_EQ(source.size(), 5);
  EXPECT_EQ(source.inputs().shape, Shape{2});
  EXPECT_EQ(source.targets().classes, 3);
  const Batch batch{source.inputs().rows(2, DType::float32), source.targets().rows(2, DType::float32)};
  source.read(std::vector<std::int64_t>{4, 1}, batch);
  EXPECT_EQ(batch.inputs.dtype(), DType::float32);  // converted
  EXPECT_EQ(batch.inputs.to_vector(), (std::vector<double>{4, -4, 1, -1}));
  EXPECT_EQ(batch.targets.dtype(), DType::int32);
  EXPECT_EQ(batch.targets.to_vector(), (std::vector<double>{1, 1}));
}

TEST(Source, IsMadeWhenItIsLookedAt) {
  int made = 0;
  const Source source = Source::made_by([&]() -> std::shared_ptr<const Examples> {
    if (++made == 1) throw std::runtime_error("not yet");
    struct Two final : Examples {
      std::int64_t size() const override { return 2; }
      Layout inputs() const override { return {}; }
      Layout targets() const override { return {}; }
      void read(std::span<const std::int64_t>, const Batch&) const override {}
    };
    return std::make_shared<Two>();
  });
  const Source view = source.first(1).permuted({0});
  EXPECT_EQ(made, 0);
  EXPECT_EQ(error_of([&] { view.size(); }), "not yet");
  EXPECT_EQ(view.size(), 1);
  EXPECT_EQ(source.size(), 2);
  EXPECT_EQ(made, 2);
}

TEST(Source, ViewsAreRowsOfTheirBase) {
  const Source source = numbered(10, 5);  // labels 0 1 2 3 4 0 1 2 3 4
  EXPECT_EQ(source.first(3).labels(), labels({0, 1, 2}));
  EXPECT_EQ(source.after(8).labels(), labels({3, 4}));
  EXPECT_EQ(source.part(2, 2).labels(), labels({2, 3}));
  EXPECT_EQ(source.after(5).first(2).after(1).labels(), labels({1}));
  EXPECT_EQ(source.selected({9, 0, 9}).labels(), labels({4, 0, 4}));
  const auto is_odd = [](std::int64_t label) { return label % 2 == 1; };
  EXPECT_EQ(source.where(is_odd).labels(), labels({1, 3, 1, 3}));
  EXPECT_EQ(source.where(is_odd).selected({2, 1}).rows(0, 2, DType::float64).inputs.to_vector(),
            (std::vector<double>{6, -6, 3, -3}));
}

TEST(Source, IsDividedIntoTasksByClass) {
  const Source source = numbered(12, 6);
  const std::vector<Source> tasks = source.divided(3);
  ASSERT_EQ(tasks.size(), 3U);
  EXPECT_EQ(tasks[0].labels(), labels({0, 1, 0, 1}));
  EXPECT_EQ(tasks[2].labels(), labels({4, 5, 4, 5}));
  EXPECT_EQ(numbered(9, 5).divided(2)[0].labels(), labels({0, 1, 2, 0, 1, 2}));  // the larger share first
  EXPECT_EQ(error_of([&] { source.divided(7)[0].size(); }), "source: 6 classes divided into 7 parts");
}

TEST(Source, IsRelabelled) {
  const Source parity = numbered(4, 4).relabelled(2, [](std::int64_t, std::int32_t label) { return label % 2; });
  EXPECT_EQ(parity.targets().classes, 2);
  EXPECT_EQ(parity.labels(), labels({0, 1, 0, 1}));
  const Source by_row = numbered(4, 4).after(2).relabelled(
      9, [](std::int64_t row, std::int32_t) { return static_cast<std::int32_t>(row); });
  EXPECT_EQ(by_row.labels(), labels({0, 1}));
  EXPECT_EQ(
      error_of([] { numbered(4, 4).relabelled(2, [](std::int64_t, std::int32_t label) { return label; }).labels(); }),
      "source: relabelled: label 2 of row 2, expected 0 to 1");
}

TEST(Source, TheTailIsLongAsAsked) {
  // 10 of each of three classes; shares 1, 1/10^(1/2), 1/10.
  const Source tailed = numbered(30, 3).long_tailed(0.1);
  std::vector<int> count(3);
  for (const std::int32_t label : tailed.labels()) ++count[static_cast<std::size_t>(label)];
  EXPECT_EQ(count, (std::vector<int>{10, 3, 1}));
  EXPECT_EQ(numbered(30, 3).long_tailed(1).size(), 30);
  EXPECT_EQ(error_of([] { numbered(30, 3).long_tailed(0).size(); }),
            "source: long_tailed: ratio 0, expected more than 0, at most 1");
}

TEST(Source, ReadsItsInputsInAnotherOrder) {
  EXPECT_EQ(numbered(3).permuted({1, 0}).rows(1, 2, DType::float64).inputs.to_vector(),
            (std::vector<double>{-1, 1, -2, 2}));
  for (const std::vector<std::int32_t>& order : {std::vector<std::int32_t>{0}, {0, 0}, {0, 2}, {0, 1, 2}})
    EXPECT_EQ(
        error_of([&] { numbered(3).permuted(order).size(); }),
        "source: permuted: an order of " + std::to_string(order.size()) + " positions, expected each of 0 to 1 once");
}

TEST(Source, IsStandardised) {
  EXPECT_EQ(numbered(3).standardised(1, 2).rows(2, 1, DType::float32).inputs.to_vector(),
            (std::vector<double>{0.5, -1.5}));
  EXPECT_EQ(error_of([] { numbered(3).standardised(1, 0); }),
            "source: standardised: deviation 0, expected more than 0");
}

TEST(Source, CanBeItsOwnTarget) {
  const Source images = numbered(3).to_itself();
  EXPECT_EQ(images.targets().shape, Shape{2});
  const Batch batch = images.rows(1, 1, DType::float64);
  EXPECT_EQ(batch.targets.to_vector(), batch.inputs.to_vector());
}

TEST(Source, RefusesWhatIsNotThere) {
  EXPECT_FALSE(Source().defined());
  EXPECT_EQ(Source().size(), 0);
  EXPECT_EQ(error_of([] { Source().inputs(); }), "source: there are no examples");
  EXPECT_EQ(error_of([] { numbered(3).first(4).size(); }), "source: examples 0 to 4 were asked for, there are 3");
  EXPECT_EQ(error_of([] { numbered(3).after(4).size(); }), "source: 4 of 3 examples left out");
  EXPECT_EQ(error_of([] { numbered(3).selected({3}).size(); }), "source: row 3 of 3 examples");
  EXPECT_EQ(error_of([] { numbered(3).rows(2, 2, DType::float64); }), "source: rows 2 to 4 of 3 examples");
  EXPECT_EQ(error_of([] {
              source_of(Tensor::zeros({3, 2}, DType::float32), Tensor::zeros({2}, DType::float32)).size();
            }),
            "source: inputs [3, 2] and targets [2], expected [n, ..] and [n, ..]");
  EXPECT_EQ(error_of([] { numbered(3).to_itself().labels(); }),
            "source: targets that are no labels, expected one whole number each");
}

TEST(Dataset, TakesValidationFromTheEndOfTheTrainingSet) {
  const Dataset data = Dataset{.train = numbered(10)}.with_validation(3);
  EXPECT_EQ(data.train.size(), 7);
  EXPECT_EQ(data.validation.labels(), labels({7, 8, 9}));
  EXPECT_FALSE(Dataset{.train = numbered(10)}.with_validation(0).validation.defined());
  EXPECT_EQ(error_of([] { Dataset{.train = numbered(10)}.with_validation(10).train.size(); }),
            "source: 10 examples for validation, but there are 10 to train on");
}

}  // namespace
}  // namespace gradus::lab
