#include "experiments/workloads/teacher_student.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace gradus::workloads {
namespace {

TEST(TeacherStudent, AnswersTheSumOfItsUnits) {
  const lab::Source source = TeacherStudent::examples(50, 4, 3, RandomStream(1));
  const lab::Batch all = source.rows(0, 50, DType::float64);
  int negative = 0;
  for (std::int64_t row = 0; row < 50; ++row) {
    double sum = 0;
    for (std::int64_t unit = 0; unit < 3; ++unit) sum += std::max(all.inputs.at(4 * row + unit), 0.0);
    EXPECT_DOUBLE_EQ(all.targets.at(row), sum);
    negative += all.inputs.at(4 * row) < 0;
  }
  EXPECT_GT(negative, 10);
  EXPECT_LT(negative, 40);
}

}  // namespace
}  // namespace gradus::workloads
