// What is known of single workloads: optima in closed form, recursions, guessers' losses, shares of classes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <numeric>

#include "autodiff/operations.h"
#include "autodiff/tensor/vectors.h"
#include "experiments/workloads/adding_problem.h"
#include "experiments/workloads/class_metrics.h"
#include "experiments/workloads/copying_problem.h"
#include "experiments/workloads/delayed_xor.h"
#include "experiments/workloads/drifting_labels.h"
#include "experiments/workloads/license_texts.h"
#include "experiments/workloads/linear_regression.h"
#include "experiments/workloads/logistic_regression.h"
#include "experiments/workloads/mnist_1d.h"
#include "experiments/workloads/quadratics.h"
#include "experiments/workloads/zipf_words.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"
#include "tests/support/throws.h"
#include "tests/workloads/training.h"

namespace gradus::workloads {
namespace {

// Of rows of features: their means and the matrix of second moments.
struct Moments {
  explicit Moments(const Tensor& x) {
    const std::int64_t rows = x.shape()[0], n = x.shape()[1];
    means.resize(static_cast<std::size_t>(n));
    second = Tensor::zeros({n, n}, DType::float64);
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t i = 0; i < n; ++i) {
        means[static_cast<std::size_t>(i)] += x.at(row * n + i) / static_cast<double>(rows);
        for (std::int64_t j = 0; j < n; ++j)
          second.set(i * n + j,
                     second.at(i * n + j) + x.at(row * n + i) * x.at(row * n + j) / static_cast<double>(rows));
      }
  }
  std::vector<double> means;
  Tensor second;
};

TEST(LinearRegression, HasItsConditionNumberAndEndsAtTheNormalEquations) {
  double optimum_of_both = 0;
  for (const bool is_rotated : {false, true}) {
    std::vector<std::string> arguments{"--features=5", "--condition=1000", "--rows=200"};
    if (is_rotated) arguments.push_back("--rotated");
    Training training(LinearRegression{}, arguments, "newton_cg");
    const lab::Batch all = training.workload.data.train.rows(0, 200, DType::float64);
    const Moments moments(all.inputs);
    // The eigenvalues are 1 to 1/1000 in equal ratios: the sums of their first two powers, rotated or not.
    double trace = 0, squares = 0, expected_trace = 0, expected_squares = 0, off = 0;
    for (std::int64_t i = 0; i < 5; ++i) {
      const double eigenvalue = std::pow(1000, -0.25 * static_cast<double>(i));
      trace += moments.second.at(i * 6);
      expected_trace += eigenvalue;
      expected_squares += eigenvalue * eigenvalue;
      EXPECT_NEAR(moments.means[static_cast<std::size_t>(i)], 0, 1e-14);
      if (!is_rotated) {
        EXPECT_NEAR(moments.second.at(i * 6), eigenvalue, 1e-13);
      }
      for (std::int64_t j = 0; j < 5; ++j) {
        squares += std::pow(moments.second.at(i * 5 + j), 2);
        if (i != j) off = std::max(off, std::abs(moments.second.at(i * 5 + j)));
      }
    }
    EXPECT_NEAR(trace, expected_trace, 1e-12);
    EXPECT_NEAR(squares, expected_squares, 1e-12);
    EXPECT_EQ(off > 1e-3, is_rotated);

    // With centred, orthogonal features the optimum is plain: variance of the targets less what each feature explains.
    if (!is_rotated) {
      double mean = 0, variance = 0;
      for (std::int64_t row = 0; row < 200; ++row) mean += all.targets.at(row) / 200;
      for (std::int64_t row = 0; row < 200; ++row) variance += std::pow(all.targets.at(row) - mean, 2) / 200;
      double optimum = variance;
      for (std::int64_t i = 0; i < 5; ++i) {
        double product = 0;
        for (std::int64_t row = 0; row < 200; ++row) product += all.inputs.at(row * 5 + i) * all.targets.at(row) / 200;
        optimum -= product * product / moments.second.at(i * 6);
      }
      optimum_of_both = optimum;
    }
    for (int step = 0; step < 10; ++step) training.trainer.step(all);
    EXPECT_NEAR(training.loss(training.workload.data.train), optimum_of_both, 1e-10);
    EXPECT_NEAR(optimum_of_both, 0.01, 0.003);  // the noise's variance
  }
}

TEST(LogisticRegression, EndsWhereTheGradientVanishesAndTellsTheClassesApart) {
  Training training(LogisticRegression{}, {"--features=5"}, "newton_cg");
  const lab::Batch all = training.workload.data.train.rows(0, 1000, DType::float64);
  for (int step = 0; step < 20; ++step) training.trainer.step(all);
  lab::NetworkObjective& objective = training.trainer.objective();
  objective.set_batch(all);
  objective.move_to(training.trainer.parameters());
  EXPECT_LT(vectors::norm(objective.gradient()), 1e-6);
  const std::vector<double> test = training.trainer.evaluate(training.workload.data.test, training.workload.metrics);
  // Of log-odds 4 z with a standard normal z: the mean of the larger probability is .85.
  EXPECT_NEAR(test[1], 0.85, 0.04);
  EXPECT_LT(test[0], 0.40);
}

TEST(Regression, TakesATable) {
  TemporaryFolder folder;
  put_file(folder / "table.csv", "a,b,y\n1,2,0\n3,4,1\n5,6,2\n7,9,1\n");
  lab::Run numbers = run_with({"--table=" + (folder / "table.csv").string(), "--validation-examples=1"}),
           labels = run_with({"--table=" + (folder / "table.csv").string()});
  const lab::Workload a = LinearRegression{}.make(numbers), b = LogisticRegression{}.make(labels);
  EXPECT_EQ(a.data.train.size(), 3);
  EXPECT_EQ(a.data.validation.rows(0, 1, DType::float64).inputs.to_vector(), (std::vector<double>{7, 9}));
  EXPECT_EQ(b.data.train.targets().classes, 3);
  EXPECT_EQ(b.data.train.labels(), (std::vector<std::int32_t>{0, 1, 2, 1}));
  EXPECT_FALSE(b.data.test.defined());
}

// Without noise, gradient descent of rate r leaves theta_i(0) (1 - r / i)^t.
TEST(NoisyQuadratic, FollowsItsRecursionAndHasTheNoiseItSays) {
  Training training(NoisyQuadratic{}, {"--dimension=50", "--noise-batch=1e20"}, "sgd", {{"learning_rate", 1.5}});
  const std::vector<double> start = training.trainer.parameters().to_vector();
  EXPECT_NEAR(std::sqrt(std::inner_product(start.begin(), start.end(), start.begin(), 0.0) / 50), 1, 0.35);
  training.steps(30, 1);
  double expected = 0;
  for (std::size_t i = 0; i < 50; ++i) {
    const double h = 1 / static_cast<double>(i + 1);
    expected += 0.5 * h * std::pow(start[i] * std::pow(1 - 1.5 * h, 30), 2);
  }
  EXPECT_NEAR(training.loss(training.workload.data.test), expected, 1e-6 * expected);

  // The gradient of a row at theta, less that without noise, is the row: of the variance h_i / 4.
  lab::Run run = run_with({"--dimension=50", "--noise-batch=4"}, "float64");
  const lab::Workload noisy = NoisyQuadratic{}.make(run);
  constexpr std::int64_t rows = 5000;
  const Tensor noise = noisy.data.train.rows(0, rows, DType::float64).targets;
  for (const std::int64_t i : {0, 1, 49}) {
    double squares = 0;
    for (std::int64_t row = 0; row < rows; ++row) squares += std::pow(noise.at(row * 50 + i), 2);
    EXPECT_NEAR(squares / rows * 4 * static_cast<double>(i + 1), 1, 0.1);
  }
}

// In expectation a coordinate's square is shrunk by (1 - r h)^2 and fed by r^2 h / B in each step: the mean over seeds
// of the steps to a loss that this reaches after 40.
TEST(NoisyQuadratic, ReachesATargetWhenItIsExpectedTo) {
  constexpr std::int64_t n = 100, expected_steps = 40;
  constexpr double rate = 0.8, noise_batch = 20;
  const auto loss_after = [&](std::int64_t steps) {
    double loss = 0;
    for (std::int64_t i = 1; i <= n; ++i) {
      const double h = 1 / static_cast<double>(i), kept = std::pow(1 - rate * h, 2);
      double square = 1;
      for (std::int64_t t = 0; t < steps; ++t) square = kept * square + rate * rate * h / noise_batch;
      loss += 0.5 * h * square;
    }
    return loss;
  };
  const double target = loss_after(expected_steps);
  std::vector<double> needed;
  for (int seed = 0; seed < 40; ++seed) {
    Training training(NoisyQuadratic{}, {"--dimension=100", "--noise-batch=20", fmt::format("--seed={}", seed)}, "sgd",
                      {{"learning_rate", rate}});
    std::int64_t steps = 0;
    const auto loss = [&] { return training.loss(training.workload.data.test.first(1)); };
    lab::BatchStream batches(training.workload.data.train, 1, DType::float64, lab::Order::sequential,
                             [](std::uint64_t) { return RandomStream(0); });
    while (loss() > target && steps < 1000) {
      training.trainer.step(batches.next());
      ++steps;
    }
    needed.push_back(static_cast<double>(steps));
  }
  const auto count = static_cast<double>(needed.size());
  const double mean = std::accumulate(needed.begin(), needed.end(), 0.0) / count;
  double squares = 0;
  for (const double steps : needed) squares += (steps - mean) * (steps - mean);
  const double error = std::sqrt(squares / (count - 1) / count);
  RecordProperty("mean", fmt::format("{} +- {}", mean, error));
  EXPECT_LT(error, 0.1 * expected_steps);
  EXPECT_NEAR(mean, expected_steps, 3 * error) << error;
}

// Eight in ten pieces of each licence to train on; a linear model tells them apart far better than the majority's
// share.
TEST(LicenseTexts, AreToldApartByTheirWords) {
  Training training(LicenseTexts{}, {"--words=500"}, "adam", {{"learning_rate", 0.01}});
  const lab::Dataset& data = training.workload.data;
  const std::int64_t all = data.train.size() + data.validation.size() + data.test.size();
  EXPECT_NEAR(static_cast<double>(data.train.size()) / static_cast<double>(all), 0.8, 0.02);
  std::map<std::int32_t, double> shares;
  for (const std::int32_t label : data.test.labels()) shares[label] += 1 / static_cast<double>(data.test.size());
  EXPECT_EQ(static_cast<std::int64_t>(shares.size()), data.test.targets().classes);
  double majority = 0;
  for (const auto& [label, share] : shares) majority = std::max(majority, share);
  const double before = training.loss(data.train);
  lab::BatchStream batches(data.train, 20, DType::float64, lab::Order::shuffled,
                           [](std::uint64_t pass) { return RandomStream(pass); });
  for (int i = 0; i < 1000; ++i) training.trainer.step(batches.next());
  EXPECT_LT(training.loss(data.train), 0.5 * before);
  EXPECT_GT(training.trainer.evaluate(data.test).accuracy, majority + 0.25);
}

TEST(WordCounts, CountsWhatIsInAFolder) {
  const TemporaryFolder folder;
  const auto put = [&](const char* name, const std::string& text) { std::ofstream(folder / name) << text; };
  std::string first, second;
  for (int i = 0; i < 10; ++i) {
    first += "One, one two.\n";
    second += "Three-one ONE\n";
  }
  put("a-2", first);
  put("b", second);
  put("a-1", first);
  put("short", "few");
  std::filesystem::create_symlink("a-2", folder / "link");
  const lab::Dataset data = WordCounts{.folder = folder.path(), .length = 3, .words = 2}.dataset();
  EXPECT_EQ(data.train.size(), 24);
  EXPECT_EQ(data.validation.size(), 3);
  EXPECT_EQ(data.train.targets().classes, 2);
  // "one" 48 times and "two" 16 times, "three" 8 times.
  EXPECT_EQ(data.test.rows(0, 3, DType::float32).inputs.to_vector(), (std::vector<double>{2, 1, 2, 1, 2, 0}));
  EXPECT_EQ(data.test.labels(), (std::vector<std::int32_t>{0, 0, 1}));
  const auto refusal = [](const std::filesystem::path& path, std::int64_t length) {
    return error_of([&] { WordCounts{.folder = path, .length = length}.dataset().train.size(); });
  };
  EXPECT_NE(refusal(folder.path(), 4).find("0 classes of files of ten pieces of 4 words, expected at least 2"),
            std::string::npos);
  EXPECT_NE(refusal(folder / "nowhere", 3).find("nowhere: cannot read"), std::string::npos);
}

// After a while gradient descent of rate r lags behind by v_i / (r h_i), of which it makes up r h_i in a step.
TEST(DriftingQuadratic, LagsAsGradientDescentMust) {
  Training training(DriftingQuadratic{}, {"--dimension=4", "--noise=0", "--speed=0.02"}, "sgd",
                    {{"learning_rate", 0.5}});
  training.steps(300, 1);
  double expected = 0;
  for (int i = 1; i <= 4; ++i) {
    const double h = 1.0 / i, lag = 0.01 / (0.5 * h) * (1 - 0.5 * h);
    expected += 0.5 * h * lag * lag;
  }
  EXPECT_NEAR(training.loss(training.workload.data.test), expected, 1e-10);
}

// A label stands for one digit, whose curve is known, until the period is over.
TEST(DriftingLabels, ArePermutedAnewEachPeriod) {
  const Mnist1d curves = make_mnist_1d(42, 5000);
  std::map<std::vector<double>, std::int32_t> digits;
  for (std::size_t i = 0; i < curves.targets.size(); ++i)
    digits[{curves.inputs.begin() + static_cast<std::ptrdiff_t>(40 * i),
            curves.inputs.begin() + static_cast<std::ptrdiff_t>(40 * i + 40)}] = curves.targets[i];
  const RandomStream stream(3);
  const lab::Source source = lab::drawn_source(DriftingLabels::examples(200, stream), stream);
  std::vector<std::map<std::int32_t, std::int32_t>> meanings(3);
  for (std::int64_t period = 0; period < 3; ++period) {
    const lab::Batch batch = source.rows(200 * period, 200, DType::float64);
    for (std::int64_t row = 0; row < 200; ++row) {
      const std::int32_t digit = digits.at(batch.inputs.part(40 * row, {40}).to_vector());
      const auto label = static_cast<std::int32_t>(batch.targets.at(row));
      const auto [known, is_new] = meanings[static_cast<std::size_t>(period)].try_emplace(digit, label);
      ASSERT_EQ(known->second, label) << "of digit " << digit << " in period " << period;
    }
    ASSERT_EQ(meanings[static_cast<std::size_t>(period)].size(), 10u);
  }
  EXPECT_NE(meanings[0], meanings[1]);
  EXPECT_NE(meanings[1], meanings[2]);
}

// What is measured is the plain cross-entropy, and what is trained on its mean with that of all classes alike.
TEST(Mnist1dClassification, SmoothsLabelsInTrainingAlone) {
  Training plain(Mnist1dClassification{}, {"--seed=1"}, "sgd"),
      smooth(Mnist1dClassification{}, {"--seed=1", "--label-smoothing=0.3"}, "sgd");
  const lab::Source few = plain.workload.data.train.first(50);
  const auto measured = [&](Training& training) { return training.trainer.evaluate(few, training.workload.metrics); };
  EXPECT_NEAR(measured(plain)[0], measured(smooth)[0], 1e-12);
  EXPECT_EQ(smooth.workload.metrics[0].column.name, "loss");
  double of_all = 0;  // the mean over the classes of the cross-entropy with each
  for (std::int32_t c = 0; c < 10; ++c) {
    const lab::Source as_c = few.relabelled(10, [c](std::int64_t, std::int32_t) { return c; });
    of_all += plain.trainer.evaluate(as_c, plain.workload.metrics)[0] / 10;
  }
  const lab::Batch batch = few.rows(0, 50, DType::float64);
  EXPECT_NEAR(smooth.trainer.step(batch).loss, 0.7 * plain.trainer.step(batch).loss + 0.3 * of_all, 1e-12);
}

constexpr std::int64_t many = 3000;

TEST(SequenceProblems, AddingIsTheSumOfTheMarkedAndTheGuesserLosesASixth) {
  const lab::Source source = lab::drawn_source(AddingProblem::examples(11), RandomStream(1));
  const lab::Batch batch = source.rows(0, many, DType::float64);
  double guess = 0;
  for (std::int64_t row = 0; row < many; ++row) {
    double sum = 0, marks = 0;
    for (std::int64_t t = 0; t < 11; ++t) {
      const double number = batch.inputs.at(row * 22 + 2 * t), mark = batch.inputs.at(row * 22 + 2 * t + 1);
      ASSERT_TRUE(number >= 0 && number < 1 && (mark == 0 || mark == 1));
      sum += number * mark;
      marks += mark;
      if (t == 4) {
        ASSERT_EQ(marks, 1);
      }
    }
    ASSERT_EQ(marks, 2);
    ASSERT_DOUBLE_EQ(batch.targets.at(row), sum);
    guess += (sum - 1) * (sum - 1) / static_cast<double>(many);
  }
  EXPECT_NEAR(guess, 1.0 / 6, 0.02);
}

TEST(SequenceProblems, XorIsOfTwoMarkedBits) {
  const lab::Source source = lab::drawn_source(DelayedXor::examples(20), RandomStream(1));
  const lab::Batch batch = source.rows(0, many, DType::float64);
  std::int64_t differ = 0;
  for (std::int64_t row = 0; row < many; ++row) {
    std::vector<std::pair<std::int64_t, double>> marked;
    for (std::int64_t t = 0; t < 20; ++t)
      if (batch.inputs.at(row * 40 + 2 * t + 1) == 1) marked.emplace_back(t, batch.inputs.at(row * 40 + 2 * t));
    ASSERT_EQ(marked.size(), 2U);
    EXPECT_LT(marked[0].first, 2);
    EXPECT_LT(marked[1].first, 10);
    const std::int32_t label = batch.targets.elements<std::int32_t>()[static_cast<std::size_t>(row)];
    ASSERT_EQ(label, marked[0].second != marked[1].second);
    differ += label;
  }
  EXPECT_NEAR(static_cast<double>(differ) / many, 0.5, 0.04);
}

TEST(SequenceProblems, CopyingAsksForTheSymbolsAfterTheSign) {
  const lab::Source source = lab::drawn_source(CopyingProblem::examples(7), RandomStream(1));
  const lab::Batch batch = source.rows(0, 100, DType::float32);
  for (std::int64_t row = 0; row < 100; ++row) {
    const auto input = batch.inputs.elements<std::int32_t>().subspan(static_cast<std::size_t>(row) * 27, 27);
    const auto target = batch.targets.elements<std::int32_t>().subspan(static_cast<std::size_t>(row) * 27, 27);
    for (std::size_t t = 0; t < 27; ++t) {
      if (t < 10) {
        EXPECT_TRUE(input[t] >= 1 && input[t] <= 8);
      } else {
        EXPECT_EQ(input[t], t == 16 ? 9 : 0);
      }
      EXPECT_EQ(target[t], t < 17 ? 0 : input[t - 17]);
    }
  }
}

TEST(SequenceProblems, RunsOfOtherSeedsDrawOthersAndAreEvaluatedOnTheSame) {
  lab::Run a = run_with({"--seed=1"}), b = run_with({"--seed=2"});
  const lab::Workload one = AddingProblem{}.make(a), two = AddingProblem{}.make(b);
  const auto first = [](const lab::Source& set) { return set.rows(0, 2, DType::float64).inputs.to_vector(); };
  EXPECT_NE(first(one.data.train), first(two.data.train));
  EXPECT_NE(first(one.data.validation), first(one.data.test));
  EXPECT_EQ(first(one.data.test), first(two.data.test));
}

TEST(ZipfWords, ClassesAndWordsFollowZipfsLaw) {
  const WordTable table{.words = 50, .classes = 10, .length = 30};
  const lab::Source source = lab::drawn_source(table.examples(), RandomStream(1));
  const lab::Batch batch = source.rows(0, many, DType::float64);
  std::vector<double> share(10), frequency(50);
  for (std::int64_t row = 0; row < many; ++row) {
    share[static_cast<std::size_t>(batch.targets.elements<std::int32_t>()[static_cast<std::size_t>(row)])] +=
        1.0 / many;
    double words = 0;
    for (std::int64_t word = 0; word < 50; ++word) {
      words += batch.inputs.at(row * 50 + word);
      frequency[static_cast<std::size_t>(word)] += batch.inputs.at(row * 50 + word);
    }
    ASSERT_EQ(words, 30);
  }
  const double harmonic = 2.9289682539682538;  // 1 + 1/2 + .. + 1/10
  for (const std::size_t label : {0U, 1U, 9U})
    EXPECT_NEAR(share[label], 1 / harmonic / static_cast<double>(label + 1), 0.03);
  EXPECT_GT(frequency[0], 5 * frequency[40]);
}

TEST(ClassMetrics, AreThoseOfTheirClassesAlone) {
  // Softmax of (ln 3, 0) is (3/4, 1/4).
  const double l = std::log(3);
  const Tensor outputs = Tensor::of({3, 2}, {l, 0, l, 0, 0, l}), targets = Tensor::indices({0, 1, 1});
  const lab::Answers answers{outputs, targets, 0, 3};
  const auto value = [&](const lab::Metric& metric) {
    lab::Metric::Sums sums{};
    metric.add(answers, sums);
    return metric.value(sums);
  };
  EXPECT_EQ(value(accuracy_of_classes("rare", 1, 2)), 0.5);
  EXPECT_EQ(value(accuracy_of_classes("frequent", 0, 1)), 1);
  EXPECT_NEAR(value(loss_of_classes("rare", 1, 2)), 0.5 * (std::log(4) + std::log(4.0 / 3)), 1e-15);
  EXPECT_TRUE(std::isnan(value(loss_of_classes("none", 2, 3))));
  EXPECT_EQ(accuracy_of_classes("rare", 1, 2).column.name, "accuracy_rare");
}

}  // namespace
}  // namespace gradus::workloads
