#include "experiments/lab/anchor_penalty.h"

#include <gtest/gtest.h>

#include "experiments/lab/network_objective.h"
#include "nn/layers.h"
#include "nn/losses.h"
#include "optim/methods/sgd.h"
#include "optim/typed.h"
#include "tests/experiments/numbered.h"

namespace gradus::lab {
namespace {

// |theta|^2 / 2 of two parameters.
class HalfSquare final : public optim::Objective {
 public:
  std::int64_t size() const override { return 2; }
  DType dtype() const override { return DType::float64; }

 protected:
  double compute_value(const Tensor& theta) override {
    return (theta.at(0) * theta.at(0) + theta.at(1) * theta.at(1)) / 2;
  }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    gradient.copy_from(theta);
    return compute_value(theta);
  }
};

TEST(AnchorPenalty, IsTheSumOverTheAnchors) {
  auto penalty = std::make_unique<AnchorPenalty>(0.5);
  AnchorPenalty& anchors = *penalty;
  optim::DecoratingWrapper optimizer("anchor", optim::make(optim::Sgd{.learning_rate = 0.1}), std::move(penalty));
  HalfSquare objective;
  const Tensor theta = Tensor::of({2}, {3, -2});
  EXPECT_DOUBLE_EQ(optimizer.step(objective, theta).loss, 6.5);  // without an anchor: theta becomes 2.7, -1.8
  anchors.add(Tensor::of({2}, {1, 1}), Tensor::of({2}, {2, 0}));
  anchors.add(Tensor::of({2}, {0, 1}), Tensor::of({2}, {1, 4}));
  // f = (2.7^2 + 1.8^2) / 2 = 5.265, and 0.25 (2 * 1.7^2 + 2.7^2 + 4 * 2.8^2) = 11.1075
  // g = 2.7 + 0.5 (2 * 1.7 + 2.7), -1.8 - 0.5 * 4 * 2.8
  EXPECT_NEAR(optimizer.step(objective, theta).loss, 16.3725, 1e-12);
  EXPECT_NEAR(theta.at(0), 2.7 - 0.1 * 5.75, 1e-12);
  EXPECT_NEAR(theta.at(1), -1.8 + 0.1 * 7.4, 1e-12);
}

TEST(FisherDiagonal, IsTheMeanOfTheExamplesSquares) {
  const Source source = numbered(4, 3);
  NetworkObjective objective(nn::Linear{2, 3}, nn::cross_entropy, DType::float64, RandomStream(1));
  const Tensor theta = objective.parameters().initial(DType::float64, RandomStream(2));
  std::vector<double> expected(static_cast<std::size_t>(theta.size()));
  for (std::int64_t row = 0; row < 3; ++row) {
    const Batch one = source.rows(row, 1, DType::float64);
    objective.set_batch(one);
    objective.move_to(theta);
    const std::vector<double> gradient = objective.gradient().to_vector();
    for (std::size_t i = 0; i < gradient.size(); ++i) expected[i] += gradient[i] * gradient[i] / 3;
  }
  const std::vector<double> diagonal = fisher_diagonal(objective, source, 3, theta).to_vector();
  for (std::size_t i = 0; i < diagonal.size(); ++i) EXPECT_NEAR(diagonal[i], expected[i], 1e-12) << i;
  const auto all = fisher_diagonal(objective, source, 4, theta).to_vector();
  EXPECT_EQ(fisher_diagonal(objective, source, 100, theta).to_vector(), all);  // as many as there are
}

}  // namespace
}  // namespace gradus::lab
