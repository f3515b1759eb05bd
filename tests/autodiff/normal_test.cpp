// The normal distribution of the kernels against the standard library.
#include "autodiff/kernels/normal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gradus {
namespace {

template <class T>
void check_normal(double epsilon) {
  for (double point = -13; point < 13; point += 0.00137) {
    const T x = static_cast<T>(point);
    const double exact = x;
    const math::Normal<T> n = math::normal(x);
    const double tolerance = 5 * epsilon * std::max(1.0, exact * exact);  // relative
    const double cdf = 0.5 * std::erfc(-exact / std::numbers::sqrt2);
    const double pdf = std::exp(-exact * exact / 2) / std::sqrt(2 * std::numbers::pi);
    EXPECT_NEAR(n.cdf, cdf, tolerance * (exact < 0 ? cdf : 1)) << x;
    EXPECT_NEAR(n.pdf, pdf, tolerance * pdf) << x;
  }
  EXPECT_EQ(math::normal(static_cast<T>(0)).cdf, T{0.5});
  EXPECT_EQ(math::normal(static_cast<T>(-INFINITY)).cdf, 0);
  EXPECT_EQ(math::normal(static_cast<T>(INFINITY)).cdf, 1);
  EXPECT_EQ(math::normal(static_cast<T>(INFINITY)).pdf, 0);
  EXPECT_TRUE(std::isnan(math::normal(static_cast<T>(NAN)).cdf));
}

TEST(Normal, MatchesTheStandardLibrary) {
  check_normal<double>(2.3e-16);
  check_normal<float>(1.2e-7);
}

}  // namespace
}  // namespace gradus
