// What a network offers to optimizers against dense Hessians, Gauss-Newton matrices and single examples.
#include "experiments/lab/network_objective.h"
#include "autodiff/tensor/vectors.h"

#include <gtest/gtest.h>

#include <cmath>

#include "autodiff/functional.h"
#include "autodiff/gradient.h"
#include "autodiff/operations.h"
#include "autodiff/tensor/vectors.h"
#include "nn/layers.h"
#include "nn/losses.h"
#include "optim/state.h"
#include "tests/support/tensors.h"
#include "tests/support/throws.h"

namespace gradus::lab {
namespace {

Tensor labels(std::int64_t n, std::int64_t classes) {
  const Tensor list = Tensor::uninitialized({n}, DType::int32);
  for (std::int64_t i = 0; i < n; ++i) list.data<std::int32_t>()[i] = static_cast<std::int32_t>((i * i + 1) % classes);
  return list;
}

nn::Sequential small_network() { return {nn::Linear{3, 4}, nn::Tanh{}, nn::Linear{4, 3}}; }
constexpr std::int64_t parameters = 3 * 4 + 4 + 4 * 3 + 3;

// The outputs of small_network() as a function of all parameters.
Var outputs_of(Tape& tape, const Var& theta, const Tensor& x) {
  const auto piece = [&](std::int64_t first, const Shape& shape) {
    return reshape(slice(theta, 0, first, shape.size()), shape);
  };
  const Var h = tanh(affine(tape.leaf(x), piece(0, {3, 4}), piece(12, {4})));
  return affine(h, piece(16, {4, 3}), piece(28, {3}));
}

struct Case {
  const char* name;
  nn::Loss loss;
  Batch batch;
};
std::vector<Case> cases(std::int64_t n, std::uint64_t seed) {
  const Tensor x = random_tensor({n, 3}, seed);
  return {{"cross_entropy", nn::cross_entropy, {x, labels(n, 3)}},
          {"mean_squared_error", nn::mean_squared_error, {x, random_tensor({n, 3}, seed + 1)}}};
}
NetworkObjective objective_of(const nn::Loss& loss) {
  return NetworkObjective(small_network(), loss, DType::float64, RandomStream(1));
}

// J^T H_L J from dense Jacobians, for the mean of a loss.
std::vector<double> dense_gauss_newton(const Case& c, const Tensor& theta) {
  const Tensor j = jacobian([&](Tape& tape, const Var& t) { return outputs_of(tape, t, c.batch.inputs); }, theta);
  Tape tape(DType::float64);
  const Tensor outputs = outputs_of(tape, tape.leaf(theta), c.batch.inputs).value().clone();
  const Tensor h = hessian([&](Tape& t, const Var& o) { return c.loss(o, t.leaf(c.batch.targets)); }, outputs);
  const std::int64_t m = outputs.size(), p = theta.size();
  std::vector<double> hj(static_cast<std::size_t>(m * p)), g(static_cast<std::size_t>(p * p));
  for (std::int64_t a = 0; a < m; ++a)
    for (std::int64_t b = 0; b < m; ++b)
      for (std::int64_t k = 0; k < p; ++k) hj[static_cast<std::size_t>(a * p + k)] += h.at(a * m + b) * j.at(b * p + k);
  for (std::int64_t i = 0; i < p; ++i)
    for (std::int64_t a = 0; a < m; ++a)
      for (std::int64_t k = 0; k < p; ++k)
        g[static_cast<std::size_t>(i * p + k)] += j.at(a * p + i) * hj[static_cast<std::size_t>(a * p + k)];
  return g;
}

void expect_product(const std::vector<double>& matrix, const Tensor& v, const Tensor& found, const char* what) {
  const std::int64_t p = v.size();
  for (std::int64_t i = 0; i < p; ++i) {
    double expected = 0;
    for (std::int64_t k = 0; k < p; ++k) expected += matrix[static_cast<std::size_t>(i * p + k)] * v.at(k);
    EXPECT_NEAR(found.at(i), expected, 1e-12) << what << " " << i;
  }
}

TEST(NetworkObjective, SaysWhatItNeedsFirst) {
  NetworkObjective objective(nn::Sequential{nn::Linear{2, 2}}, nn::cross_entropy, DType::float64, RandomStream(1));
  EXPECT_EQ(error_of<std::logic_error>([&] { objective.value(); }), "objective: asked before move_to");
  const Tensor theta = objective.parameters().initial(DType::float64, RandomStream(2)), out = theta.clone();
  objective.move_to(theta);
  const std::string no_batch = "network objective: asked before there was a batch: call set_batch() first";
  EXPECT_EQ(error_of<std::logic_error>([&] { objective.value(); }), no_batch);
  EXPECT_EQ(error_of<std::logic_error>([&] { objective.gradient(); }), no_batch);
  EXPECT_EQ(error_of<std::logic_error>([&] { multiply(objective.curvature()->hessian, theta, out); }), no_batch);
  EXPECT_EQ(error_of<std::logic_error>([&] { objective.curvature()->sampled_gradient(1, out); }), no_batch);
  EXPECT_EQ(error_of<std::logic_error>([&] { objective.curvature()->gradient_squares(out); }), no_batch);
}

TEST(NetworkObjective, ProductsEqualDenseMatrices) {
  for (const Case& c : cases(5, 3)) {
    NetworkObjective objective = objective_of(c.loss);
    const Tensor theta = random_tensor({parameters}, 2), v = random_tensor({parameters}, 4);
    const Tensor out = Tensor::zeros({parameters}, DType::float64);
    objective.set_batch(c.batch);
    objective.move_to(theta);
    const Tensor h = hessian(
        [&](Tape& t, const Var& x) { return c.loss(outputs_of(t, x, c.batch.inputs), t.leaf(c.batch.targets)); },
        theta);
    multiply(objective.curvature()->hessian, v, out);
    expect_product(h.to_vector(), v, out, c.name);
    multiply(objective.curvature()->gauss_newton, v, out);
    expect_product(dense_gauss_newton(c, theta), v, out, c.name);
    EXPECT_EQ(objective.costs().gradients, 1);  // the record; no gradient was asked for
    EXPECT_EQ(objective.costs().products, 2);
    EXPECT_EQ(objective.costs().examples, 15);
  }
}

TEST(NetworkObjective, ValuesAtOtherPointsLeaveTheRecordAlone) {
  const Case c = cases(5, 3)[0];
  NetworkObjective objective = objective_of(c.loss);
  const Tensor theta = random_tensor({parameters}, 2), v = random_tensor({parameters}, 4);
  const Tensor first = Tensor::zeros({parameters}, DType::float64), second = first.clone();
  objective.set_batch(c.batch);
  objective.move_to(theta);
  multiply(objective.curvature()->gauss_newton, v, first);
  const std::vector<double> gradient = objective.gradient().to_vector();
  multiply(objective.curvature()->gauss_newton, v, second);
  EXPECT_EQ(first.to_vector(), second.to_vector());
  objective.forward(v, c.batch, nn::Mode::evaluate);
  multiply(objective.curvature()->gauss_newton, v, second);
  EXPECT_EQ(first.to_vector(), second.to_vector());
  EXPECT_EQ(objective.costs().gradients, 2);
  // What else uses the record's memory makes it anew.
  objective.curvature()->sampled_gradient(1, second);
  multiply(objective.curvature()->gauss_newton, v, second);
  EXPECT_EQ(first.to_vector(), second.to_vector());
  EXPECT_EQ(objective.gradient().to_vector(), gradient);
}

TEST(NetworkObjective, CurvatureMayHaveABatchOfItsOwn) {
  const Case c = cases(5, 3)[0], other = cases(7, 30)[0];
  NetworkObjective objective = objective_of(c.loss);
  const Tensor theta = random_tensor({parameters}, 2), v = random_tensor({parameters}, 4);
  const Tensor out = Tensor::zeros({parameters}, DType::float64);
  objective.set_batch(c.batch);
  objective.move_to(theta);
  const std::vector<double> gradient = objective.gradient().to_vector();
  objective.set_curvature_batch(other.batch);
  multiply(objective.curvature()->gauss_newton, v, out);
  expect_product(dense_gauss_newton(other, theta), v, out, "curvature batch");
  EXPECT_EQ(objective.gradient().to_vector(), gradient);
  objective.set_batch(c.batch);
  multiply(objective.curvature()->gauss_newton, v, out);
  expect_product(dense_gauss_newton(other, theta), v, out, "curvature batch kept");
}

// The Fisher information of drawn labels is the Gauss-Newton matrix: the mean of n g g^T tends to it.
TEST(NetworkObjective, SampledGradientsHaveTheGaussNewtonMatrixForCovariance) {
  for (const Case& c : cases(4, 3)) {
    NetworkObjective objective = objective_of(c.loss);
    const Tensor theta = random_tensor({parameters}, 2), g = Tensor::zeros({parameters}, DType::float64);
    objective.set_batch(c.batch);
    objective.move_to(theta);
    constexpr int draws = 20000;
    std::vector<double> mean(parameters), squares(parameters);
    for (int i = 0; i < draws; ++i) {
      objective.curvature()->sampled_gradient(static_cast<std::uint64_t>(i), g);
      for (std::size_t k = 0; k < parameters; ++k) {
        const double x = g.at(static_cast<std::int64_t>(k));
        mean[k] += x / draws;
        squares[k] += 4 * x * x / draws;
      }
    }
    const std::vector<double> dense = dense_gauss_newton(c, theta);
    for (std::size_t k = 0; k < parameters; ++k) {
      const double expected = dense[k * parameters + k];
      EXPECT_NEAR(squares[k], expected, 0.08 * expected) << c.name;
      EXPECT_NEAR(mean[k], 0, 5 * std::sqrt(expected / 4 / draws)) << c.name;
    }
    const std::vector<double> last = g.to_vector();
    objective.curvature()->sampled_gradient(draws - 1, g);
    EXPECT_EQ(g.to_vector(), last);
    objective.curvature()->sampled_gradient(draws, g);
    EXPECT_NE(g.to_vector(), last);
  }
}

TEST(NetworkObjective, SquaresAndTheEmpiricalFisherAreThoseOfSingleExamples) {
  for (const Case& c : cases(5, 3)) {
    NetworkObjective objective = objective_of(c.loss), single = objective_of(c.loss);
    const Tensor theta = random_tensor({parameters}, 2), out = Tensor::zeros({parameters}, DType::float64);
    objective.set_batch(c.batch);
    objective.move_to(theta);
    objective.curvature()->gradient_squares(out);
    const Tensor v = random_tensor({parameters}, 3), product = Tensor::zeros({parameters}, DType::float64);
    multiply(objective.curvature()->empirical_fisher, v, product);
    std::vector<double> expected(parameters), expected_product(parameters);
    for (std::int64_t i = 0; i < 5; ++i) {
      single.set_batch({c.batch.inputs.rows(i, 1), c.batch.targets.rows(i, 1)});
      single.move_to(theta);
      const std::vector<double> g = single.gradient().to_vector();
      const double along = vectors::dot(single.gradient(), v);
      for (std::size_t k = 0; k < parameters; ++k) {
        expected[k] += g[k] * g[k] / 5;
        expected_product[k] += g[k] * along / 5;
      }
    }
    for (std::size_t k = 0; k < parameters; ++k) {
      EXPECT_NEAR(out.at(static_cast<std::int64_t>(k)), expected[k], 1e-14) << c.name;
      EXPECT_NEAR(product.at(static_cast<std::int64_t>(k)), expected_product[k], 1e-13) << c.name;
    }
  }
}

// The last layer's block is exact for squared errors: outputs is the mean of the scores' outer products.
TEST(NetworkObjective, FactorsAreThoseOfItsLayers) {
  const Case c = cases(5, 3)[1];
  NetworkObjective objective = objective_of(c.loss);
  const Tensor theta = random_tensor({parameters}, 2);
  objective.set_batch(c.batch);
  objective.move_to(theta);
  std::vector<KroneckerBlock> blocks;
  objective.curvature()->kronecker_factors(3, blocks);
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(objective.slices()[blocks[0].weight].name, "0.weight");
  EXPECT_EQ(objective.slices()[static_cast<std::size_t>(blocks[1].bias)].name, "2.bias");
  EXPECT_EQ(blocks[0].inputs.shape(), (Shape{4, 4}));
  double square = 0;
  for (std::int64_t i = 0; i < 5; ++i) square += std::pow(c.batch.inputs.at(i * 3 + 1), 2) / 5;
  EXPECT_NEAR(blocks[0].inputs.at(1 * 4 + 1), square, 1e-14);
  double outputs = 0;
  constexpr int draws = 2000;
  for (int i = 0; i < draws; ++i) {
    objective.curvature()->kronecker_factors(static_cast<std::uint64_t>(i), blocks);
    outputs += blocks[1].outputs.at(0) / draws;
  }
  EXPECT_NEAR(outputs, 2.0 / 3, 0.05);  // the Hessian of an example's mean over three outputs
}

TEST(NetworkObjective, StructuralProductsAreThoseOfHiddenStates) {
  constexpr std::int64_t time = 3, batch = 2, in = 2, hidden = 2, n = in * hidden + hidden * hidden + hidden;
  struct TimeFirst {
    void declare(nn::ParameterScope&) {}
    Var forward(nn::Forward&, const Var& x) const { return nn::swap_time(reshape(x, {batch, time, in})); }
  };
  for (const std::int64_t truncation : {std::int64_t{0}, std::int64_t{2}}) {
    NetworkObjective objective(
        nn::Sequential{TimeFirst{}, nn::Rnn{nn::RnnCell{in, hidden}, truncation}, nn::LastStep{}},
        nn::mean_squared_error, DType::float64, RandomStream(1));
    ASSERT_TRUE(objective.curvature()->structural);
    const Tensor theta = random_tensor({n}, 2), v = random_tensor({n}, 4), x = random_tensor({batch, time * in}, 5);
    objective.set_batch({x, random_tensor({batch, hidden}, 6)});
    objective.move_to(theta);
    const Tensor out = Tensor::zeros({n}, DType::float64);
    multiply(objective.curvature()->structural, v, out);

    const Tensor j = jacobian(
        [&](Tape& tape, const Var& t) {
          const auto piece = [&](std::int64_t first, const Shape& shape) {
            return reshape(slice(t, 0, first, shape.size()), shape);
          };
          const Var w = piece(0, {in, hidden}), u = piece(4, {hidden, hidden}), b = piece(8, {hidden});
          const Var steps = nn::swap_time(reshape(tape.leaf(x), {batch, time, in}));
          Var h = tape.copy(Tensor::zeros({batch, hidden}, DType::float64));
          std::vector<Var> states;
          for (std::int64_t s = 0; s < time; ++s) {
            if (s == truncation) h = stop_gradient(h);
            h = tanh(add(affine(reshape(slice(steps, 0, s, 1), {batch, in}), w, b), matmul(h, u)));
            states.push_back(h);
          }
          return concatenate(states, 0);
        },
        theta);
    std::vector<double> dense(n * n);
    for (std::int64_t a = 0; a < j.shape()[0]; ++a)
      for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t k = 0; k < n; ++k)
          dense[static_cast<std::size_t>(i * n + k)] += j.at(a * n + i) * j.at(a * n + k) / batch;
    expect_product(dense, v, out, "structural");
    multiply(objective.curvature()->hessian, v, out);  // both kinds on one record
    multiply(objective.curvature()->structural, v, out);
    expect_product(dense, v, out, "structural again");
  }
}

TEST(NetworkObjective, SaysWhatItDoesNotOffer) {
  NetworkObjective objective(
      small_network(), [](const Var& o, const Var&) { return sum(mul(o, o)); }, DType::float64, RandomStream(1));
  EXPECT_FALSE(objective.curvature()->sampled_gradient);
  EXPECT_FALSE(objective.curvature()->kronecker_factors);
  EXPECT_FALSE(objective.curvature()->structural);
  EXPECT_TRUE(objective.curvature()->gauss_newton);
  const Tensor theta = random_tensor({parameters}, 2);
  objective.set_batch({random_tensor({2, 3}, 1), random_tensor({2, 3}, 2)});
  objective.move_to(theta);
  EXPECT_THROW(optim::require(objective, &optim::Curvature::sampled_gradient, "a method"), std::invalid_argument);
  using enum nn::Likelihood;
  EXPECT_EQ(nn::Loss([](const Var& o, const Var&) { return o; }, bernoulli).likelihood(), bernoulli);
  EXPECT_EQ(nn::Loss(nn::binary_cross_entropy).likelihood(), bernoulli);
  EXPECT_EQ(nn::Loss(nn::mean_squared_error).likelihood(), normal);
  EXPECT_EQ(nn::Loss(nn::CrossEntropy{}).likelihood(), categorical);
  EXPECT_EQ(nn::Loss(nn::CrossEntropy{.label_smoothing = 0.1}).likelihood(), none);
  EXPECT_EQ(nn::Loss([](const Var& o, const Var& t) { return nn::cross_entropy(o, t); }).likelihood(), none);
}

TEST(NetworkObjective, MemoryStaysFlatOverProducts) {
  const Case c = cases(8, 3)[0];
  NetworkObjective objective = objective_of(c.loss);
  const Tensor theta = random_tensor({parameters}, 2), v = random_tensor({parameters}, 4), out = v.clone();
  std::vector<KroneckerBlock> blocks;
  const auto everything = [&] {
    objective.set_batch(c.batch);
    objective.move_to(theta);
    objective.gradient();
    for (int i = 0; i < 20; ++i)
      multiply(objective.curvature()->hessian, v, out), multiply(objective.curvature()->gauss_newton, v, out);
    objective.curvature()->sampled_gradient(1, out);
    objective.curvature()->gradient_squares(out);
    objective.curvature()->kronecker_factors(1, blocks);
  };
  for (int i = 0; i < 3; ++i) everything();
  const std::size_t before = objective.bytes_held();
  for (int i = 0; i < 30; ++i) everything();
  EXPECT_EQ(objective.bytes_held(), before);
}

// What the objective remembers of batches: the masks of dropout and the running statistics go on.
TEST(NetworkObjective, GoesOnFromItsMemory) {
  const auto make = [] {
    return std::make_unique<NetworkObjective>(
        nn::Sequential{nn::Linear{3, 4}, nn::BatchNorm{4}, nn::Dropout{0.5}, nn::Linear{4, 2}}, nn::cross_entropy,
        DType::float64, RandomStream(1));
  };
  const auto first = make(), second = make();
  const Batch batch{random_tensor({6, 3}, 3), labels(6, 2)};
  const Tensor theta = first->parameters().initial(DType::float64, RandomStream(2));
  const auto next = [&](NetworkObjective& objective) {
    objective.set_batch(batch);
    objective.move_to(theta);
    return objective.gradient().to_vector();
  };
  for (int i = 0; i < 3; ++i) next(*first);
  optim::restore_state(*second, optim::save_state(*first));
  EXPECT_EQ(second->costs().gradients, 3);
  EXPECT_EQ(next(*second), next(*first));
  ASSERT_EQ(second->buffers().size(), 2u);
  EXPECT_EQ(second->buffers()[0].to_vector(), first->buffers()[0].to_vector());
}

}  // namespace
}  // namespace gradus::lab
