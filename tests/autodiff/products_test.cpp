// Dense matrix products: every path that a shape may take, against sums in double precision.
#include <gtest/gtest.h>

#include <cmath>

#include "autodiff/kernels/products.h"
#include "autodiff/tensor/random.h"
#include "tests/support/tensors.h"

namespace gradus {
namespace {

Tensor matrix(RandomStream& random, std::int64_t rows, std::int64_t columns, DType type) {
  return random_tensor({rows, columns}, random, type);
}

// Also that nothing beside y is written.
void check(RandomStream& random, std::int64_t m, std::int64_t n, std::int64_t k, bool ta, bool tb, DType type) {
  const Tensor a = ta ? matrix(random, k, m, type) : matrix(random, m, k, type);
  const Tensor b = tb ? matrix(random, n, k, type) : matrix(random, k, n, type);
  const std::int64_t margin = 32;
  const Tensor memory = matrix(random, 1, m * n + 2 * margin, type), before = memory.clone();
  const Tensor y = memory.part(margin, {m, n});
  for (const bool accumulate : {false, true}) {
    const Tensor start = y.clone();
    kernels::matmul(y, accumulate, a, ta, b, tb);
    for (std::int64_t i = 0; i < m; ++i)
      for (std::int64_t j = 0; j < n; ++j) {
        double sum = accumulate ? start.at(i * n + j) : 0, size = std::abs(sum);
        for (std::int64_t q = 0; q < k; ++q) {
          const double term = a.at(ta ? q * m + i : i * k + q) * b.at(tb ? j * k + q : q * n + j);
          sum += term;
          size += std::abs(term);
        }
        ASSERT_NEAR(y.at(i * n + j), sum, size * (type == DType::float32 ? 1e-6 : 1e-14))
            << "(" << i << ", " << j << ") of " << m << " x " << n << ", k " << k << ", transposed " << ta << tb
            << ", accumulate " << accumulate;
      }
  }
  for (std::int64_t i = 0; i < margin; ++i) {
    ASSERT_EQ(memory.at(i), before.at(i));
    ASSERT_EQ(memory.at(m * n + margin + i), before.at(m * n + margin + i));
  }
}

TEST(Products, AreTheSumsOfTheirTerms) {
  RandomStream random(5);
  const std::vector<std::vector<std::int64_t>> shapes = {
      {1, 1, 1},     {3, 5, 2},     {17, 1, 40},   {1, 33, 40},    {32, 10, 128}, {32, 128, 10},
      {29, 16, 37},  {30, 17, 40},  {15, 31, 64},  {14, 32, 64},   {27, 33, 31},  {13, 47, 50},
      {11, 49, 70},  {23, 63, 33},  {19, 64, 65},  {20, 65, 66},   {16, 81, 90},  {35, 97, 16},
      {37, 112, 15}, {22, 130, 17}, {16, 20, 513}, {17, 24, 1024}, {18, 24, 1025}};
  for (const DType type : {DType::float32, DType::float64})
    for (const auto& s : shapes)
      for (const bool ta : {false, true})
        for (const bool tb : {false, true}) check(random, s[0], s[1], s[2], ta, tb, type);
}

TEST(Products, AreTheSameBitsWithOneAndTwoThreads) {
  RandomStream random(2);
  for (const DType type : {DType::float32, DType::float64}) {
    for (const bool ta : {false, true})
      for (const bool tb : {false, true}) {
        const Tensor a = ta ? matrix(random, 784, 333, type) : matrix(random, 333, 784, type);
        const Tensor b = tb ? matrix(random, 130, 784, type) : matrix(random, 784, 130, type);
        const Tensor one = Tensor::zeros({333, 130}, type), two = Tensor::zeros({333, 130}, type);
        kernels::set_threads(1);
        kernels::matmul(one, false, a, ta, b, tb);
        kernels::set_threads(2);
        kernels::matmul(two, false, a, ta, b, tb);
        kernels::set_threads(1);
        EXPECT_EQ(one.to_vector(), two.to_vector()) << name_of(type) << ta << tb;
      }
  }
}

}  // namespace
}  // namespace gradus
