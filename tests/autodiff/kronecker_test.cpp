// Kronecker factors against loops over examples and places, and the inverse of a positive definite matrix.
#include "autodiff/kronecker.h"

#include <gtest/gtest.h>

#include "autodiff/gradient.h"
#include "autodiff/operations.h"
#include "autodiff/tensor/positive_definite.h"
#include "autodiff/tensor/random.h"
#include "tests/support/tensors.h"

namespace gradus {
namespace {

using Matrix = std::vector<std::vector<double>>;

// Adds factor a a^T.
void add_outer(Matrix& sum, const std::vector<double>& a, double factor) {
  if (sum.empty()) sum.assign(a.size(), std::vector<double>(a.size()));
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < a.size(); ++j) sum[i][j] += factor * a[i] * a[j];
}

void expect_equal(const Tensor& found, const Matrix& expected, const char* what) {
  const auto n = static_cast<std::int64_t>(expected.size());
  ASSERT_EQ(found.shape(), (Shape{n, n})) << what;
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < n; ++j)
      EXPECT_NEAR(found.at(i * n + j), expected[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)], 1e-11)
          << what << " " << i << " " << j;
}

// Three dense layers: the first and last with bias, the middle one a bare product.
struct Dense {
  static constexpr std::int64_t n = 6;
  Tensor x = random_tensor({n, 5}, 1), c = random_tensor({n, 2}, 9);
  std::vector<Tensor> weights{random_tensor({5, 4}, 2), random_tensor({4}, 3), random_tensor({4, 3}, 4),
                              random_tensor({3, 2}, 5), random_tensor({2}, 6)};
  Tape tape{DType::float64};
  std::vector<Var> leaves;
  Var first_input, second_input, third_input, first, second, outputs;

  Dense() {
    for (const Tensor& weight : weights) leaves.push_back(tape.leaf(weight));
    first_input = tape.leaf(x);
    first = affine(first_input, leaves[0], leaves[1]);
    second_input = tanh(first);
    second = matmul(second_input, leaves[2]);
    third_input = tanh(second);
    outputs = affine(third_input, leaves[3], leaves[4]);
  }
};

TEST(KroneckerFactors, EqualLoopsOverExamplesForDenseLayers) {
  Dense net;
  std::vector<KroneckerBlock> blocks;
  kronecker_factors(net.outputs, net.c, Dense::n, net.leaves, blocks);
  ASSERT_EQ(blocks.size(), 3u);
  const std::size_t weights[] = {0, 2, 3};
  const std::ptrdiff_t biases[] = {1, -1, 4};
  const Var inputs[] = {net.first_input, net.second_input, net.third_input},
            outputs[] = {net.first, net.second, net.outputs};
  for (std::size_t l = 0; l < 3; ++l) {
    EXPECT_EQ(blocks[l].weight, weights[l]);
    EXPECT_EQ(blocks[l].bias, biases[l]);
    const Tensor g = Tensor::zeros(outputs[l].shape(), DType::float64);
    vjp(net.outputs, net.c, {&outputs[l], 1}, {&g, 1});
    Matrix a, b;
    for (std::int64_t i = 0; i < Dense::n; ++i) {
      std::vector<double> row = inputs[l].value().rows(i, 1).to_vector();
      if (biases[l] >= 0) row.push_back(1);
      add_outer(a, row, 1.0 / Dense::n);
      add_outer(b, g.rows(i, 1).to_vector(), 1.0 / Dense::n);
    }
    expect_equal(blocks[l].inputs, a, "inputs");
    expect_equal(blocks[l].outputs, b, "outputs");
  }
}

TEST(KroneckerFactors, ReuseTheMemoryTheyAreGiven) {
  Dense net;
  std::vector<KroneckerBlock> blocks;
  kronecker_factors(net.outputs, net.c, Dense::n, net.leaves, blocks);
  const std::vector<double> before = blocks[0].inputs.to_vector();
  const void* memory = blocks[0].inputs.raw();
  kronecker_factors(net.outputs, net.c, Dense::n, net.leaves, blocks);
  EXPECT_EQ(blocks[0].inputs.raw(), memory);
  EXPECT_EQ(blocks[0].inputs.to_vector(), before);
}

TEST(KroneckerFactors, EqualLoopsOverPlacesForConvolutions) {
  constexpr std::int64_t n = 3, height = 5, width = 4, in = 2, out = 3;
  const Tensor x = random_tensor({n, height, width, in}, 1), w = random_tensor({3, 2, in, out}, 2),
               b = random_tensor({out}, 3);
  Tape tape(DType::float64);
  const std::vector<Var> leaves{tape.leaf(w), tape.leaf(b)};
  const Conv2dOptions options{.stride = {2, 1}, .padding = padding(1, 1)};
  const Var y = conv2d(tape.leaf(x), leaves[0], leaves[1], options), z = tanh(y);
  const Tensor c = random_tensor(z.shape(), 4), g = Tensor::zeros(y.shape(), DType::float64);
  vjp(z, c, {&y, 1}, {&g, 1});
  std::vector<KroneckerBlock> blocks;
  kronecker_factors(z, c, n, leaves, blocks);
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks[0].bias, 1);

  const std::int64_t rows = y.shape()[1], columns = y.shape()[2];
  Matrix inputs, outputs;
  for (std::int64_t e = 0; e < n; ++e)
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t s = 0; s < columns; ++s) {
        std::vector<double> patch, derivative;
        for (std::int64_t i = 0; i < 3; ++i)
          for (std::int64_t j = 0; j < 2; ++j)
            for (std::int64_t k = 0; k < in; ++k) {
              const std::int64_t u = 2 * r + i - 1, v = s + j - 1;
              const bool inside = u >= 0 && u < height && v >= 0 && v < width;
              patch.push_back(inside ? x.at(((e * height + u) * width + v) * in + k) : 0);
            }
        patch.push_back(1);
        for (std::int64_t k = 0; k < out; ++k) derivative.push_back(g.at(((e * rows + r) * columns + s) * out + k));
        add_outer(inputs, patch, 1.0 / static_cast<double>(n * rows * columns));
        add_outer(outputs, derivative, 1.0 / n);
      }
  expect_equal(blocks[0].inputs, inputs, "inputs");
  expect_equal(blocks[0].outputs, outputs, "outputs");
}

TEST(KroneckerFactors, LeaveOutWhatIsNotALayersWeightAlone) {
  const Tensor x = random_tensor({4, 3}, 1), w = random_tensor({3, 3}, 2), v = random_tensor({3, 3}, 3);
  Tape tape(DType::float64);
  const std::vector<Var> leaves{tape.leaf(w), tape.leaf(v)};
  // w is a weight and, transposed, another product's; v is used twice as a weight: one block of 8 rows.
  const Var h = matmul(tanh(matmul(tape.leaf(x), leaves[1])), leaves[1]);
  const Var y = matmul(matmul(h, leaves[0]), leaves[0], false, true);
  std::vector<KroneckerBlock> blocks;
  kronecker_factors(y, random_tensor({4, 3}, 4), 4, leaves, blocks);
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks[0].weight, 1u);
  EXPECT_THROW(kronecker_factors(y, x.rows(0, 2), 4, leaves, blocks), std::invalid_argument);
}

TEST(PositiveDefinite, InvertsMatricesOfAnySize) {
  for (const std::int64_t n : {1, 2, 63, 64, 65, 150}) {
    const Tensor b = random_tensor({n, n}, static_cast<std::uint64_t>(n)), a = Tensor::zeros({n, n}, DType::float64);
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < n; ++j) {
        double sum = i == j ? 0.1 : 0;
        for (std::int64_t k = 0; k < n; ++k) sum += b.at(i * n + k) * b.at(j * n + k) / static_cast<double>(n);
        a.set(i * n + j, sum);
      }
    const Tensor inverse = Tensor::zeros({n, n}, DType::float64);
    ASSERT_TRUE(invert_positive_definite(a, inverse)) << n;
    const double *p = a.data<double>(), *q = inverse.data<double>();
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (std::int64_t k = 0; k < n; ++k) sum += p[i * n + k] * q[k * n + j];
        ASSERT_NEAR(sum, i == j ? 1 : 0, 1e-10) << n << ": " << i << " " << j;
        ASSERT_EQ(q[i * n + j], q[j * n + i]);
      }
  }
}

TEST(PositiveDefinite, RefusesWhatIsNot) {
  const Tensor inverse = Tensor::zeros({100, 100}, DType::float64), a = Tensor::zeros({100, 100}, DType::float64);
  for (std::int64_t i = 0; i < 100; ++i) a.set(i * 101, i == 70 ? -1 : 1);
  EXPECT_FALSE(invert_positive_definite(a, inverse));
  a.set(70 * 101, std::nan(""));
  EXPECT_FALSE(invert_positive_definite(a, inverse));
  EXPECT_THROW(invert_positive_definite(a, Tensor::zeros({2, 2}, DType::float64)), std::invalid_argument);
}

}  // namespace
}  // namespace gradus
