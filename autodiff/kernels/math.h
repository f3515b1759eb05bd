// Elementary functions without branches, so that loops over them vectorise on every processor. Errors are a few units
// in the last place, also where the result is close to a limit or subnormal; NaN and infinity behave as in <cmath>.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "autodiff/kernels/simd.h"

namespace gradus::math {

namespace detail {

template <class T>
struct Format;
template <>
struct Format<float> {
  using Int = std::int32_t;
  static constexpr int mantissa = 23, bias = 127, exp_terms = 8, log_terms = 6, log1p_terms = 9;
  static constexpr float rounder = 0x1.8p23f, ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
  static constexpr float exp_low = -104, exp_high = 89;
  static constexpr Int upper_half = ~0xfff;  // of a number's bits: its square is exact
};
template <>
struct Format<double> {
  using Int = std::int64_t;
  static constexpr int mantissa = 52, bias = 1023, exp_terms = 14, log_terms = 12, log1p_terms = 18;
  static constexpr double rounder = 0x1.8p52, ln2_high = 0x1.62e42fee00000p-1, ln2_low = 0x1.a39ef35793c76p-33;
  static constexpr double exp_low = -746, exp_high = 710;
  static constexpr Int upper_half = ~0x7ffffffLL;
};

// 2^n for a whole n in the range of normal exponents.
template <class T>
GRADUS_INLINE T power_of_two(typename Format<T>::Int n) {
  using F = Format<T>;
  return std::bit_cast<T>(static_cast<typename F::Int>((n + F::bias) << F::mantissa));
}

template <class T>
struct Reduced {
  typename Format<T>::Int n;  // x = n ln 2 + r, |r| <= ln 2 / 2
  T r;
};
template <class T>
GRADUS_INLINE Reduced<T> reduce(T x) {
  using F = Format<T>;
  const T shifted = x * static_cast<T>(1.4426950408889634) + F::rounder;
  const T n = shifted - F::rounder;
  return {static_cast<typename F::Int>(std::bit_cast<typename F::Int>(shifted) -
                                       std::bit_cast<typename F::Int>(F::rounder)),
          (x - n * F::ln2_high) - n * F::ln2_low};
}

// (e^r - 1) by its series; |r| <= ln 2 / 2.
template <class T>
GRADUS_INLINE T expm1_series(T r) {
  T sum = 0;
  T factorial = 1;
  T inverse[Format<T>::exp_terms + 1] = {};
  for (int k = 1; k <= Format<T>::exp_terms; ++k) {
    factorial *= static_cast<T>(k);
    inverse[k] = 1 / factorial;
  }
  for (int k = Format<T>::exp_terms; k >= 1; --k) sum = (sum + inverse[k]) * r;
  return sum;
}

// 2 artanh(s) = log((1 + s) / (1 - s)) by its series.
template <class T, int terms>
GRADUS_INLINE T log_series(T s) {
  const T square = s * s;
  T sum = 0;
  for (int k = terms; k >= 1; --k) sum = (sum + static_cast<T>(2.0 / (2 * k + 1))) * square;
  return s * (2 + sum);
}

template <class T>
GRADUS_INLINE T exp_limited(T x) {
  x = x > Format<T>::exp_high ? Format<T>::exp_high : x;
  return x < Format<T>::exp_low ? Format<T>::exp_low : x;
}
template <class T>
GRADUS_INLINE T exp_of(Reduced<T> x) {
  const typename Format<T>::Int half =
      x.n >> 1;  // in two factors: results beyond the normal range become subnormal or infinite
  return (1 + expm1_series(x.r)) * power_of_two<T>(half) * power_of_two<T>(x.n - half);
}

}  // namespace detail

// The larger of two numbers; NaN if either is one.
template <class T>
GRADUS_INLINE T larger(T a, T b) {
  const T number = b > a ? b : a;
  return b != b ? b : number;
}

// 0, but NaN for NaN: what is not chosen by a condition on x, where the condition means nothing.
template <class T>
GRADUS_INLINE T zero_or_nan(T x) {
  return x == x ? T{0} : x;
}

// w x, but 0 where w is 0 and x infinite: what has no weight does not count.
template <class T>
GRADUS_INLINE T weighted_by(T w, T x) {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  return (w == 0) & ((x == infinity) | (x == -infinity)) ? T{0} : w * x;
}

template <class T>
GRADUS_INLINE T exp(T x) {
  return detail::exp_of(detail::reduce(detail::exp_limited(x)));
}

// e^x for x <= 0. What is subnormal is rounded once, as the last product.
template <class T>
GRADUS_INLINE T exp_below_zero(T x) {
  using F = detail::Format<T>;
  constexpr typename F::Int lift = F::bias / 2;
  const T down = detail::power_of_two<T>(-lift);
  const auto [n, r] = detail::reduce(x < F::exp_low ? F::exp_low : x);
  return (1 + detail::expm1_series(r)) * detail::power_of_two<T>(n + lift) * down;
}

// e^(x + more), for |more| < 1/8: as exp of a number of half as many digits again.
template <class T>
GRADUS_INLINE T exp(T x, T more) {
  auto reduced = detail::reduce(detail::exp_limited(x));
  reduced.r += more;
  return detail::exp_of(reduced);
}

// e^x - 1 for x <= 0, without cancellation near 0.
template <class T>
GRADUS_INLINE T expm1_below_zero(T x) {
  const T y = x < -60 ? T{-60} : x;
  const auto [n, r] = detail::reduce(y);
  const T power = detail::power_of_two<T>(n);
  return power * detail::expm1_series(r) + (power - 1);
}

template <class T>
GRADUS_INLINE T log(T x) {
  using F = detail::Format<T>;
  using Int = typename F::Int;
  using Bits = std::make_unsigned_t<Int>;  // negative numbers wrap around here, and become NaN at the end
  const bool tiny = x < std::numeric_limits<T>::min();
  const T scaled = tiny ? x * (T{1} / std::numeric_limits<T>::epsilon()) : x;
  const Bits bits = std::bit_cast<Bits>(scaled);
  // Mantissa in [1/sqrt 2, sqrt 2): the exponent is counted from the bits of 1/sqrt 2.
  const Bits offset = std::bit_cast<Bits>(static_cast<T>(0.70710678118654752));
  const Int exponent = static_cast<Int>(bits - offset) >> F::mantissa;
  const T m = std::bit_cast<T>(static_cast<Bits>(bits - (static_cast<Bits>(exponent) << F::mantissa)));
  const T e = static_cast<T>(exponent) - (tiny ? static_cast<T>(F::mantissa) : T{0});
  const T value = e * F::ln2_high + (detail::log_series<T, F::log_terms>((m - 1) / (m + 1)) + e * F::ln2_low);
  constexpr T infinity = std::numeric_limits<T>::infinity();
  T result = x < infinity ? value : x;  // infinity and NaN pass
  result = x == 0 ? -infinity : result;
  return x < 0 ? std::numeric_limits<T>::quiet_NaN() : result;
}

// The square root for loops that would otherwise wait for the processor's. float: 1/sqrt(x) from half the exponent,
// then one step of Newton's and one of Halley's method, right to two units in the last place for normal x > 0; 0 gives
// 0; for negative or infinite x undefined. double: exact.
template <class T>
GRADUS_INLINE T sqrt(T x) {
  if constexpr (std::is_same_v<T, float>) {
    float y = std::bit_cast<float>(0x5f375a86 - (std::bit_cast<std::int32_t>(x) >> 1));
    y = y * (1.5f - 0.5f * x * y * y);
    const float c = x * y * y;
    y = y * (1.875f - c * (1.25f - 0.375f * c));
    return x * y;
  } else {
    return std::sqrt(x);
  }
}

// log(1 + u) for 0 <= u <= 1.
template <class T>
GRADUS_INLINE T log1p_unit(T u) {
  const T inverse = 1 / (2 + u), s = u * inverse, square = s * s;
  T sum = 0;
  for (int k = detail::Format<T>::log1p_terms; k >= 1; --k) sum = (sum + static_cast<T>(2.0 / (2 * k + 1))) * square;
  return u * (inverse * (2 + sum));  // u last: a subnormal one keeps its digits
}

// log(1 + u) for u >= 0: the logarithm of the rounded sum, and what the rounding left out.
template <class T>
GRADUS_INLINE T log1p(T u) {
  const T sum = 1 + u, value = log(sum) + (u - (sum - 1)) / sum;
  return u < std::numeric_limits<T>::infinity() ? value : u;
}

template <class T>
GRADUS_INLINE T tanh(T x) {
  const T limit = 20;
  T y = x > limit ? limit : x;
  y = y < -limit ? -limit : y;
  const auto [n, r] = detail::reduce(2 * y);
  const T scale = detail::power_of_two<T>(n);
  const T e = scale * detail::expm1_series(r) + (scale - 1);  // e^2x - 1 without cancellation near 0
  return e / (e + 2);
}

// e^-|x|
template <class T>
GRADUS_INLINE T exp_of_minus_magnitude(T x) {
  return exp_below_zero(x < 0 ? x : -x);
}

template <class T>
GRADUS_INLINE T sigmoid(T x) {
  const T e = exp_of_minus_magnitude(x);
  return (x < 0 ? e : T{1}) / (1 + e);
}

// The derivatives of sigmoid and tanh, from x: their values are 1 long before the slopes are 0.
template <class T>
GRADUS_INLINE T sigmoid_slope(T x) {
  const T e = exp_of_minus_magnitude(x), inverse = 1 / (1 + e);
  return e * inverse * inverse;
}
template <class T>
GRADUS_INLINE T tanh_slope(T x) {
  return 4 * sigmoid_slope(2 * x);
}

// log(1 + e^x)
template <class T>
GRADUS_INLINE T softplus(T x) {
  return (x < 0 ? T{0} : x) + log1p_unit(exp_of_minus_magnitude(x));
}

namespace detail {

// e^-a = power * factor where a e^-a is still a normal number but e^-a is not.
template <class T>
struct Tail {
  T magnitude, power, factor;  // a, limited to where e^-a is 0: then so is a e^-a, also at infinity
};
template <class T>
GRADUS_INLINE Tail<T> tail_of(T a) {
  constexpr T far = -Format<T>::exp_low * static_cast<T>(0.75), part = 32,
              e_to_minus_part = static_cast<T>(1.2664165549094176e-14);
  const T limit = -Format<T>::exp_low + part;
  a = a > limit ? limit : a;
  const bool is_far = a > far;
  return {a, exp_below_zero(is_far ? part - a : -a), is_far ? e_to_minus_part : T{1}};
}

}  // namespace detail

// x sigmoid(x) and its derivative, which at minus infinity are 0 and not 0 times infinity.
template <class T>
GRADUS_INLINE T silu(T x) {
  const auto [a, power, factor] = detail::tail_of(x < 0 ? -x : x);
  return (x < 0 ? -a * power * factor : x) / (1 + power * factor);
}
template <class T>
GRADUS_INLINE T silu_slope(T x) {
  const auto [a, power, factor] = detail::tail_of(x < 0 ? -x : x);
  const T inverse = 1 / (1 + power * factor), tail = a * power * factor * inverse;
  // With e = e^-|x|:  (1 + a e / (1 + e)) / (1 + e)  for x > 0,  (e - a e / (1 + e)) / (1 + e)  for x < 0.
  return ((x < 0 ? power * factor : T{1}) + (x < 0 ? -tail : tail)) * inverse;
}

}  // namespace gradus::math
