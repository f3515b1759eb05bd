#include "experiments/workloads/task_sequence.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/experiments/numbered.h"

namespace gradus::workloads {
namespace {

std::vector<lab::Dataset> tasks_of(const std::string& name, std::int64_t count) {
  const lab::Dataset data{.train = lab::numbered(8, 4), .test = lab::numbered(4, 4)};
  return task_sequences().find(name).make(data, count, RandomStream(3));
}

TEST(TaskSequence, SplitsTheClasses) {
  const auto tasks = tasks_of("split", 2);
  EXPECT_EQ(tasks[0].train.labels(), (std::vector<std::int32_t>{0, 1, 0, 1}));
  EXPECT_EQ(tasks[1].test.labels(), (std::vector<std::int32_t>{2, 3}));
  EXPECT_EQ(tasks[1].test.targets().classes, 4);  // one head for all
  EXPECT_FALSE(tasks[1].validation.defined());
}

TEST(TaskSequence, PermutesAllSetsOfATaskAlikeButThoseOfTheFirst) {
  const auto tasks = tasks_of("permuted", 30);
  const auto input = [](const lab::Source& set) { return set.rows(1, 1, DType::float64).inputs.to_vector(); };
  const std::vector<double> straight{1, -1}, swapped{-1, 1};
  EXPECT_EQ(input(tasks[0].train), straight);
  for (const lab::Dataset& task : tasks) EXPECT_EQ(input(task.train), input(task.test));
  EXPECT_GT(std::ranges::count_if(tasks, [&](const lab::Dataset& task) { return input(task.train) == swapped; }), 5);
  EXPECT_EQ(tasks[7].train.labels(), lab::numbered(8, 4).labels());
}

}  // namespace
}  // namespace gradus::workloads
