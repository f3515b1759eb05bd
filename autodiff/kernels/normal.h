// The standard normal distribution without branches, so that loops over it vectorise.
#pragma once

#include "autodiff/kernels/math.h"

namespace gradus::math {

template <class T>
struct Normal {
  T cdf, pdf;         // Phi(x), phi(x) = exp(-x^2 / 2) / sqrt(2 pi)
  T magnitude, tail;  // a = |x|, at most 40, where both are 0; Phi(-a). So a tail is 0 and not NaN at infinity.
};

namespace detail {

// Coefficients of (1 + a) e^(a^2 / 2) Phi(-a) in powers of u = (a - 4) / (a + 4), for all a >= 0: the Chebyshev series
// from 200 points computed with 60 digits, cut off below the rounding error.
template <class T>
struct NormalTail;
template <>
struct NormalTail<float> {
  static constexpr int count = 11;
  static constexpr float terms[count] = {0.472053203f,    -0.0967033354f,   0.0139999137f,   0.0285974679f,
                                         -0.0322011629f,  0.0179528175f,    -0.00498771425f, -0.000325830999f,
                                         0.000664988692f, -4.99905145e-05f, -5.80912353e-05f};
};
template <>
struct NormalTail<double> {
  static constexpr int count = 24;
  static constexpr double terms[count] = {
      0.47205320650984467,    -0.096703477326526066,   0.013999634724430469,    0.028600364053577489,
      -0.03219783742831453,   0.017936097478868589,    -0.0050023785870514665,  -0.00028562308680939413,
      0.00069489706925704952, -9.4430339441522229e-05, -8.7853004426457912e-05, 2.1250446856208376e-05,
      1.3626315192600401e-05, -3.4333722168532752e-06, -2.6118464340168558e-06, 4.0671730125154447e-07,
      5.507747965364098e-07,  -1.2371533669921971e-09, -1.1022354013739079e-07, -1.7932121916642413e-08,
      1.7442583764419795e-08, 5.4747086320486893e-09,  -1.5456221598143852e-09, -6.7632672105624538e-10};
};

}  // namespace detail

// Phi to a few units in the last place, in both tails; phi likewise.
template <class T>
GRADUS_INLINE Normal<T> normal(T x) {
  using Tail = detail::NormalTail<T>;
  using Format = detail::Format<T>;
  T a = x < 0 ? -x : x;
  a = a > 40 ? T{40} : a;
  const T inverse = 1 / ((a + 4) * (1 + a));  // one division for both quotients
  const T u = (a - 4) * (1 + a) * inverse;
  // a^2 in two parts, the first of them exact: rounding it would cost a^2 / 2 units.
  const T high =
      std::bit_cast<T>(static_cast<typename Format::Int>(std::bit_cast<typename Format::Int>(a) & Format::upper_half));
  const T power = exp(high * high * T{-0.5}, (a - high) * (a + high) * T{-0.5});
  T sum = Tail::terms[Tail::count - 1];
  for (int k = Tail::count - 2; k >= 0; --k) sum = sum * u + Tail::terms[k];
  const T tail = power * sum * ((a + 4) * inverse);
  return {x > 0 ? 1 - tail : tail, static_cast<T>(0.3989422804014327) * power, a, tail};
}

}  // namespace gradus::math
