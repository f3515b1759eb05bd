#include "autodiff/kernels/lanes.h"

#include <gtest/gtest.h>

#include <array>

namespace gradus::kernels {
namespace {

template <class T, int width, int bytes>
void expect_as_numbers() {
  std::array<T, width> x, y, to;
  for (int i = 0; i < width; ++i) {
    x[i] = T{1} / static_cast<T>(i + 3);
    y[i] = static_cast<T>(i * i - 20);
  }
  Lanes<T, width, bytes> a, b;
  static_assert(sizeof(typename Lanes<T, width, bytes>::Part) <= bytes);
  a.load(x.data());
  b.load(y.data());
  a.apply(
      [](auto& u, const auto& v) __attribute__((always_inline)) { u = v > u ? v : u; }, b);
  a.store(to.data());
  for (int i = 0; i < width; ++i) EXPECT_EQ(to[i], std::max(x[i], y[i])) << i;
  const T sum = a.reduce([](auto& u, const auto& v) __attribute__((always_inline)) { u += v; });
  for (int half = width / 2; half >= 1; half /= 2)
    for (int i = 0; i < half; ++i) to[i] += to[i + half];
  EXPECT_EQ(sum, to[0]);  // to the bit, whatever a register holds
  a.fill(T{2});
  a.store(to.data());
  for (const T value : to) EXPECT_EQ(value, T{2});
}

template <class T, int bytes>
void expect_every_width() {
  expect_as_numbers<T, 1, bytes>();
  expect_as_numbers<T, 2, bytes>();
  expect_as_numbers<T, 4, bytes>();
  expect_as_numbers<T, 8, bytes>();
  expect_as_numbers<T, 16, bytes>();
}

TEST(Lanes, AreNumbersSideBySideInRegistersOfEverySize) {
  expect_every_width<float, 16>();
  expect_every_width<float, 32>();
  expect_every_width<float, 64>();
  expect_every_width<double, 16>();
  expect_every_width<double, 32>();
  expect_every_width<double, 64>();
}

}  // namespace
}  // namespace gradus::kernels
