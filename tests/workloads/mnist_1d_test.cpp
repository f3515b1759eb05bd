// MNIST-1D: the authors' examples, number by number, and the sets and models made of them.
#include "experiments/workloads/mnist_1d.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "autodiff/tensor/numpy_random.h"
#include "experiments/lab/number_table.h"
#include "experiments/workloads/mnist_1d_data.h"
#include "tests/support/throws.h"
#include "tests/workloads/runs.h"

namespace gradus::workloads {
namespace {

// One example of a set in float64.
std::vector<double> input(const lab::Source& set, std::int64_t row) {
  return set.rows(row, 1, DType::float64).inputs.to_vector();
}
std::int64_t label(const lab::Source& set, std::int64_t row) {
  return set.rows(row, 1, DType::float64).targets.elements<std::int32_t>()[0];
}

TEST(Mnist1d, IsWhatTheAuthorsRecipeMakes) {
  const lab::Dataset data = mnist_1d(), large = mnist_1d_large(), endless = mnist_1d_endless();
  ASSERT_EQ(data.train.size(), 4000);
  ASSERT_EQ(data.test.size(), 1000);
  ASSERT_EQ(data.validation.size(), 5000);
  ASSERT_EQ(large.test.size(), 20000);
  ASSERT_TRUE(endless.train.is_endless());
  const lab::NumberTable expected = lab::read_number_table(GRADUS_SOURCE_DIR "/tests/data/mnist_1d.csv");
  ASSERT_EQ(expected.columns, 43);
  std::set<std::int64_t> seeds;
  for (std::int64_t i = 0; i < expected.rows(); ++i) {
    const auto seed = static_cast<std::int64_t>(expected.at(i, 0)), row = static_cast<std::int64_t>(expected.at(i, 1));
    SCOPED_TRACE(expected.place(i, 1));
    seeds.insert(seed);
    const auto [set, at] = seed == 42 && row < 4000 ? std::pair(data.train, row)
                           : seed == 42             ? std::pair(data.test, row - 4000)
                           : seed == 43             ? std::pair(large.validation, row)
                           : seed == 44             ? std::pair(endless.test, row)
                                                    : std::pair(endless.train, (seed - 45) * 5000 + row);
    EXPECT_EQ(static_cast<double>(label(set, at)), expected.at(i, 2));
    const std::vector<double> x = input(set, at);
    for (std::int64_t point = 0; point < 40; ++point)
      EXPECT_NEAR(x[static_cast<std::size_t>(point)], expected.at(i, 3 + point), 1e-12);
  }
  EXPECT_EQ(seeds, (std::set<std::int64_t>{42, 43, 44, 45, 46}));
}

// The figures that the authors' own file has.
TEST(Mnist1d, HasThePublishedNumbers) {
  const lab::Dataset data = mnist_1d();
  const std::vector<double> first = input(data.train, 0), tested = input(data.test, 0);
  const std::vector<double> begins{-.33200567, -.47191037, -.77869708, -1.00974083, -.88235257};
  const std::vector<double> test_begins{-.07877078, -.21073171, -.09175138};
  for (std::size_t i = 0; i < begins.size(); ++i) EXPECT_NEAR(first[i], begins[i], 5e-9);
  for (std::size_t i = 0; i < test_begins.size(); ++i) EXPECT_NEAR(tested[i], test_begins[i], 5e-9);
  std::vector<std::int64_t> labels;
  for (std::int64_t row = 0; row < 10; ++row) labels.push_back(label(data.train, row));
  EXPECT_EQ(labels, (std::vector<std::int64_t>{2, 6, 4, 5, 6, 6, 6, 0, 3, 1}));
}

TEST(Mnist1d, IsStandardisedAndHasATenthOfEachDigit) {
  const Mnist1d made = make_mnist_1d(7, 200);
  double sum = 0, squares = 0;
  for (const double x : made.inputs) {
    sum += x;
    squares += x * x;
  }
  EXPECT_EQ(made.inputs.size(), 8000U);
  EXPECT_NEAR(sum / 8000, 0, 1e-14);
  EXPECT_NEAR(squares / 8000, 1, 1e-14);
  for (std::int32_t digit = 0; digit < 10; ++digit)
    EXPECT_EQ(std::count(made.targets.begin(), made.targets.end(), digit), 20);
  EXPECT_EQ(refusal_of([] { make_mnist_1d(7, 201); }), "mnist-1d: 201 examples, expected a multiple of 10");
}

// Rows of several seeds in one batch, in any order and again after others were made, and float32.
TEST(Mnist1d, AnEndlessRowIsTheSameWheneverItIsRead) {
  const lab::Source stream = mnist_1d_endless().train;
  const std::vector<std::int64_t> rows{20001, 3, 45000, 5003, 20001};
  const lab::Batch batch{stream.inputs().rows(5, DType::float32), stream.targets().rows(5, DType::float32)};
  for (int pass = 0; pass < 2; ++pass) {
    stream.read(rows, batch);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::vector<double> alone = input(stream, rows[i]);
      for (std::int64_t point = 0; point < 40; ++point)
        EXPECT_EQ(batch.inputs.at(static_cast<std::int64_t>(i) * 40 + point),
                  static_cast<double>(static_cast<float>(alone[static_cast<std::size_t>(point)])));
    }
  }
}

TEST(Mnist1d, ShufflesThePointsAsTheAuthorsDo) {
  const std::vector<std::int32_t> order{19, 16, 15, 26, 4,  12, 37, 27, 39, 6,  25, 9,  13, 31, 34, 8,  17, 24, 0,  33,
                                        5,  11, 1,  29, 21, 2,  30, 36, 3,  35, 23, 32, 10, 22, 18, 20, 7,  14, 28, 38};
  EXPECT_EQ(mnist_1d_shuffled(), order);  // numpy.random.RandomState(42).permutation(40)
  lab::Run plain = run_with({}), other = run_with({"--shuffled"});
  const lab::Workload a = Mnist1dClassification{}.make(plain), b = Mnist1dClassification{}.make(other);
  for (const auto& [set, shuffled] :
       {std::pair(a.data.train, b.data.train), std::pair(a.data.validation, b.data.validation),
        std::pair(a.data.test, b.data.test)}) {
    const std::vector<double> before = input(set, 5), after = input(shuffled, 5);
    for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(after[i], before[static_cast<std::size_t>(order[i])]);
  }
}

// By NumPy 1.24: RandomState(1): choice(48) three times, choice(1), permutation(5), rand().
TEST(Mnist1d, DrawsWholeNumbersAsNumPy) {
  NumpyRandom random(1);
  EXPECT_EQ(random.below(48), 37U);
  EXPECT_EQ(random.below(48), 43U);
  EXPECT_EQ(random.below(48), 12U);
  EXPECT_EQ(random.below(1), 0U);
  EXPECT_EQ(random.permutation(5), (std::vector<std::int32_t>{4, 2, 1, 3, 0}));
  EXPECT_EQ(random.uniform(), 0.9990405153241447);
}

TEST(Mnist1d, ModelsHaveTheAuthorsSizes) {
  const auto size_of = [](const Model& model) {
    nn::ParameterSet set;
    nn::ParameterScope scope(set);
    nn::Sequential made = model.make({{40}, 10});
    made.declare(scope);
    return set.size();
  };
  EXPECT_EQ(size_of(Mnist1dLinear{}), 410);
  EXPECT_EQ(size_of(Mnist1dMlp{}), 15210);
  EXPECT_EQ(size_of(Mnist1dCnn{}), 5210);
  EXPECT_EQ(size_of(Mnist1dGru{}), 5134 - 24);  // as its header says
  EXPECT_EQ(refusal_of([] {
              Mnist1dCnn{}.make({{2}, 10});
            }),
            "model mnist-1d-cnn: examples of [2], expected at least 3 points");
}

TEST(Mnist1d, KeepsItsOwnExamplesForValidationUnlessTold) {
  lab::Run plain = run_with({}), told = run_with({"--validation-examples=500"});
  const lab::Dataset own = choose_dataset(plain, "mnist-1d", 10000), taken = choose_dataset(told, "mnist-1d", 10000);
  EXPECT_EQ(own.train.size(), 4000);
  EXPECT_EQ(own.validation.size(), 5000);
  EXPECT_EQ(taken.train.size(), 3500);
  EXPECT_EQ(input(taken.validation, 0), input(own.train, 3500));
}

TEST(Mnist1d, IsComputedFromNoDirectory) {
  lab::Run run = run_with({"--data-dir=/tmp"});
  EXPECT_EQ(error_of<lab::UsageError>([&] { Mnist1dClassification{}.make(run); }),
            "data set mnist-1d is computed: no --data-dir was expected");
}

}  // namespace
}  // namespace gradus::workloads
