// Products with the Hessian and its relatives against dense matrices and finite differences.
#include "autodiff/linearization.h"

#include <gtest/gtest.h>

#include "autodiff/fisher.h"
#include "autodiff/functional.h"
#include "autodiff/gradient.h"
#include "autodiff/operations.h"
#include "tests/support/tensors.h"
#include "tests/support/throws.h"

namespace gradus {
namespace {

// A 3-5-4 tanh network on 6 examples, by its flat parameter vector of 44 elements.
struct Network {
  explicit Network(DType type = DType::float64)
      : inputs(random_tensor({6, 3}, 1, type)), theta(random_tensor({44}, 2, type)) {
    for (const auto& [first, shape] :
         std::vector<std::pair<std::int64_t, Shape>>{{0, {3, 5}}, {15, {5}}, {20, {5, 4}}, {40, {4}}})
      parts.push_back(theta.part(first, shape));
  }
  struct Result {
    Var outputs, loss;
    std::vector<Var> leaves;
  };
  Result on(Tape& tape, double penalty = 0) const {
    Result r;
    for (const Tensor& part : parts) r.leaves.push_back(tape.leaf(part));
    const auto& w = r.leaves;
    const Var h = tanh(add(matmul(tape.leaf(inputs), w[0]), w[1]));
    r.outputs = add(matmul(h, w[2]), w[3]);
    r.loss = mean(cross_entropy_each(r.outputs, tape.leaf(labels)));
    if (penalty > 0) r.loss = r.loss + penalty * sum(square(w[0]));
    return r;
  }
  Tensor inputs, theta, labels = Tensor::indices({0, 1, 2, 3, 1, 0});
  std::vector<Tensor> parts;
};

// The same as a function of the flat vector.
Function flat(const Network& network, bool outputs_only) {
  return [&network, outputs_only](Tape& tape, const Var& theta) {
    const auto part = [&](std::int64_t first, const Shape& shape) {
      return reshape(slice(theta, 0, first, shape.size()), shape);
    };
    const Var h = tanh(add(matmul(tape.leaf(network.inputs), part(0, {3, 5})), part(15, {5})));
    const Var z = add(matmul(h, part(20, {5, 4})), part(40, {4}));
    return outputs_only ? z : mean(cross_entropy_each(z, tape.leaf(network.labels)));
  };
}

// out = M v for a dense M[m, n].
std::vector<double> times(const Tensor& m, const std::vector<double>& v, bool transpose = false) {
  const std::int64_t rows = m.shape()[0], columns = m.shape()[1];
  std::vector<double> out(static_cast<std::size_t>(transpose ? columns : rows));
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j)
      out[static_cast<std::size_t>(transpose ? j : i)] +=
          m.at(i * columns + j) * v[static_cast<std::size_t>(transpose ? i : j)];
  return out;
}

void expect_near(const Tensor& found, const std::vector<double>& expected, double tolerance = 1e-12) {
  ASSERT_EQ(found.size(), static_cast<std::int64_t>(expected.size()));
  for (std::int64_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found.at(i), expected[static_cast<std::size_t>(i)], tolerance) << i;
}

TEST(Functional, AgreesWithFiniteDifferences) {
  const Network network;
  const Function loss = flat(network, false), outputs = flat(network, true);
  const auto [value, gradient] = value_and_gradient(loss, network.theta);
  const Tensor h = hessian(loss, network.theta), j = jacobian(outputs, network.theta);
  ASSERT_EQ(j.shape(), (Shape{24, 44}));
  for (std::int64_t k = 0; k < 44; ++k) {
    const double step = 1e-5;
    const Tensor up = network.theta.clone(), down = network.theta.clone();
    up.set(k, up.at(k) + step), down.set(k, down.at(k) - step);
    const auto above = value_and_gradient(loss, up), below = value_and_gradient(loss, down);
    EXPECT_NEAR(gradient.at(k), (above.value - below.value) / (2 * step), 1e-9);
    for (std::int64_t i = 0; i < 44; ++i)
      EXPECT_NEAR(h.at(i * 44 + k), (above.gradient.at(i) - below.gradient.at(i)) / (2 * step), 1e-8);
    Tape a, b;
    Tape high(DType::float64), low(DType::float64);
    const Tensor z1 = outputs(high, high.leaf(up)).value().clone(), z0 = outputs(low, low.leaf(down)).value().clone();
    for (std::int64_t i = 0; i < 24; ++i) EXPECT_NEAR(j.at(i * 44 + k), (z1.at(i) - z0.at(i)) / (2 * step), 1e-8);
  }
  const Tensor v = random_tensor({44}, 3), u = random_tensor({6, 4}, 4);
  expect_near(jvp(outputs, network.theta, v), times(j, v.to_vector()));
  expect_near(vjp(outputs, network.theta, u), times(j, u.to_vector(), true));
  // More rows than columns: by columns.
  const Function wide = [](Tape&, const Var& x) { return concatenate({square(x), exp(x), x}, 0); };
  const Tensor x = Tensor::of({2}, {0.5, -1});
  expect_near(jacobian(wide, x), {1, 0, 0, -2, std::exp(0.5), 0, 0, std::exp(-1), 1, 0, 0, 1});
}

TEST(Linearization, MultipliesByDenseMatrices) {
  const Network network;
  Tape tape(DType::float64);
  const auto [outputs, loss, leaves] = network.on(tape);
  Linearization at(loss, outputs, leaves);
  ASSERT_EQ(at.size(), 44);
  const auto reference = value_and_gradient(flat(network, false), network.theta);
  EXPECT_NEAR(at.value(), reference.value, 1e-14);
  const Tensor g = Tensor::zeros({44}, DType::float64), out = g.clone(), v = random_tensor({44}, 5);
  at.gradient(g);
  expect_near(g, reference.gradient.to_vector());

  const Tensor h = hessian(flat(network, false), network.theta), j = jacobian(flat(network, true), network.theta);
  at.hessian_times(v, out);
  expect_near(out, times(h, v.to_vector()));

  // H_L: block diagonal, (diag(p) - p p^T) / n for the mean of softmax cross-entropies.
  std::vector<double> u = times(j, v.to_vector()), w(24);
  const Tensor z = outputs.value().clone(), tangent = Tensor::zeros({6, 4}, DType::float64);
  at.jacobian_times(v, tangent);
  expect_near(tangent, u);
  for (std::size_t i = 0; i < 6; ++i) {
    double total = 0, dot = 0, p[4];
    for (std::size_t k = 0; k < 4; ++k) total += p[k] = std::exp(z.at(static_cast<std::int64_t>(4 * i + k)));
    for (std::size_t k = 0; k < 4; ++k) {
      p[k] /= total;
      dot += p[k] * u[4 * i + k];
    }
    for (std::size_t k = 0; k < 4; ++k) w[4 * i + k] = p[k] * (u[4 * i + k] - dot) / 6;
  }
  at.gauss_newton_times(v, out);
  expect_near(out, times(j, w, true));
  at.jacobian_transposed_times(Tensor::of({6, 4}, w), out);
  expect_near(out, times(j, w, true));

  // Several vectors at once, and the same bits again.
  const Tensor many = random_tensor({3, 44}, 6), products = Tensor::zeros({3, 44}, DType::float64);
  at.hessian_times(many, products);
  for (std::int64_t i = 0; i < 3; ++i) {
    at.hessian_times(many.part(44 * i, {44}), out);
    EXPECT_EQ(out.to_vector(), products.part(44 * i, {44}).to_vector());
  }
}

TEST(Linearization, FisherProductsAreOuterProductsOfScores) {
  const Network network;
  Tape tape(DType::float64);
  const auto [outputs, loss, leaves] = network.on(tape);
  Linearization at(loss, outputs, leaves);
  const Tensor j = jacobian(flat(network, true), network.theta), v = random_tensor({44}, 5);
  const Tensor scores = Tensor::zeros({6, 4}, DType::float64), out = Tensor::zeros({44}, DType::float64);
  const auto expected = [&] {  // mean of g_i (g_i . v), g_i = J_i^T s_i
    std::vector<double> sum(44);
    for (std::int64_t i = 0; i < 6; ++i) {
      std::vector<double> s(24);
      for (std::int64_t k = 4 * i; k < 4 * i + 4; ++k) s[static_cast<std::size_t>(k)] = scores.at(k);
      const std::vector<double> g = times(j, s, true);
      double dot = 0;
      for (std::size_t k = 0; k < 44; ++k) dot += g[k] * v.at(static_cast<std::int64_t>(k)) / 6;
      for (std::size_t k = 0; k < 44; ++k) sum[k] += dot * g[k];
    }
    return sum;
  };
  at.empirical_scores(scores);
  EXPECT_NEAR(scores.at(0), 6 * gradient(loss, {outputs})[0].at(0), 1e-14);
  at.fisher_times(scores, v, out);
  expect_near(out, expected());

  // Drawn labels: in the mean over many draws the product is the Gauss-Newton one, since softmax cross-entropy is a
  // likelihood of its natural parameters (Martens 2020, section 9.2).
  RandomStream random(7);
  std::vector<double> sum(44);
  const int draws = 4000;
  for (int n = 0; n < draws; ++n) {
    categorical_scores(outputs.value(), random, scores);
    at.fisher_times(scores, v, out);
    for (std::size_t k = 0; k < 44; ++k) sum[k] += out.at(static_cast<std::int64_t>(k)) / draws;
  }
  at.gauss_newton_times(v, out);
  double difference = 0, norm = 0;
  for (std::size_t k = 0; k < 44; ++k) {
    difference += std::pow(sum[k] - out.at(static_cast<std::int64_t>(k)), 2);
    norm += std::pow(sum[k], 2);
  }
  EXPECT_LT(std::sqrt(difference / norm), 0.05);
  normal_scores(random, scores);
  at.fisher_times(scores, v, out);
  expect_near(out, expected());
}

TEST(Linearization, SeesTermsBesideTheOutputs) {
  const Network network;
  Tape tape(DType::float64), plain(DType::float64);
  const auto with = network.on(tape, 0.1), without = network.on(plain);
  Linearization a(with.loss, with.outputs, with.leaves), b(without.loss, without.outputs, without.leaves);
  const Tensor v = random_tensor({44}, 8), x = Tensor::zeros({44}, DType::float64), y = x.clone();
  a.hessian_times(v, x), b.hessian_times(v, y);
  for (std::int64_t i = 0; i < 44; ++i) EXPECT_NEAR(x.at(i), y.at(i) + (i < 15 ? 0.2 * v.at(i) : 0), 1e-12);
  a.gauss_newton_times(v, x), b.gauss_newton_times(v, y);
  expect_near(x, y.to_vector());
}

TEST(Linearization, KeepsMemoryFlatAndWorksInFloat32) {
  const Network network(DType::float32), exact(DType::float64);
  Tape tape(DType::float32);
  const auto [outputs, loss, leaves] = network.on(tape);
  Linearization at(loss, outputs, leaves);
  const Tensor v = random_tensor({44}, 9, DType::float32), out = Tensor::zeros({44}, DType::float32);
  for (int i = 0; i < 3; ++i) at.hessian_times(v, out), at.gauss_newton_times(v, out);
  const std::size_t nodes = tape.node_count(), bytes = tape.bytes_held();
  for (int i = 0; i < 10000; ++i) at.hessian_times(v, out);
  EXPECT_EQ(tape.node_count(), nodes);
  EXPECT_EQ(tape.bytes_held(), bytes);
  expect_near(out, times(hessian(flat(exact, false), exact.theta), v.to_vector()), 1e-4);
}

TEST(Linearization, RefusesWrongVectorsAndStaleTapes) {
  const Network network;
  Tape tape(DType::float64);
  const auto [outputs, loss, leaves] = network.on(tape);
  Linearization at(loss, leaves);
  const Tensor v = random_tensor({44}, 5), small = random_tensor({43}, 5), out = v.clone();
  EXPECT_EQ(error_of([&] { at.hessian_times(small, out); }),
            "hessian_times: [43] of float64 -> [44] of float64, expected [44] -> [44] of float64, or several of them");
  EXPECT_EQ(error_of([&] { at.gauss_newton_times(v, out); }),
            "gauss_newton_times: the linearization was made without the model's outputs");
  tape.reset();
  EXPECT_EQ(error_of([&] { at.hessian_times(v, out); }),
            "value: an operand is stale: its tape was reset after it was made");
}

}  // namespace
}  // namespace gradus
