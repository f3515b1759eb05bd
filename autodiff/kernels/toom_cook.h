// The matrices of Toom-Cook convolution, computed by the compiler, and their products with vectors.
//
// m outputs y_i = sum_j g_j d_(i+j) of a kernel of r elements are y = A^T [(G g) * (B^T d)] with n = m + r - 1
// products: the values of polynomials at n - 1 points and at infinity. The points are 0 and pairs +p, -p, so that the
// rows of each matrix come in pairs that differ in the sign of the odd columns.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "autodiff/kernels/simd.h"

namespace gradus::kernels::toom_cook {

struct Matrix {
  static constexpr int most = 8;
  int rows = 0, columns = 0;
  double at[most][most] = {};
};

template <int r>
struct Points;
// These gave the smallest errors in float32 among the pairs of small fractions.
template <>
struct Points<3> {
  static constexpr std::array<double, 5> value{0, 2.0 / 3, -2.0 / 3, 1.5, -1.5};
};
template <>
struct Points<5> {
  static constexpr std::array<double, 7> value{0, 0.5, -0.5, 1, -1, 2, -2};
};

// Powers 0, 1, ... of each point; the last row is the highest coefficient.
template <std::size_t count>
constexpr Matrix powers(const std::array<double, count>& points, int columns) {
  Matrix a;
  a.rows = static_cast<int>(count) + 1;
  a.columns = columns;
  for (std::size_t i = 0; i < count; ++i) {
    double power = 1;
    for (int j = 0; j < columns; ++j, power *= points[i]) a.at[i][j] = power;
  }
  a.at[count][columns - 1] = 1;
  return a;
}

// Powers over the product of the differences to the other points.
template <std::size_t count>
constexpr Matrix scaled_powers(const std::array<double, count>& points, int columns) {
  Matrix g = powers(points, columns);
  for (std::size_t i = 0; i < count; ++i) {
    double product = 1;
    for (std::size_t k = 0; k < count; ++k)
      if (k != i) product *= points[i] - points[k];
    for (int j = 0; j < columns; ++j) g.at[i][j] /= product;
  }
  return g;
}

// Row i: the coefficients of the polynomial that vanishes at every other point; the last one vanishes at all.
template <std::size_t count>
constexpr Matrix vanishing(const std::array<double, count>& points) {
  Matrix b;
  b.rows = b.columns = static_cast<int>(count) + 1;
  for (std::size_t i = 0; i <= count; ++i) {
    b.at[i][0] = 1;
    int degree = 0;
    for (std::size_t k = 0; k < count; ++k) {
      if (k == i) continue;
      ++degree;
      for (int j = degree; j >= 0; --j) b.at[i][j] = (j > 0 ? b.at[i][j - 1] : 0) - points[k] * b.at[i][j];
    }
  }
  return b;
}

// For m = 4 outputs.
template <int r>
struct Matrices {
  static constexpr int m = 4, n = m + r - 1;
  static constexpr Matrix a = powers(Points<r>::value, m), g = scaled_powers(Points<r>::value, r),
                          b = vanishing(Points<r>::value);
};

// y += c x for a coefficient known to the compiler; nothing for 0.
template <const Matrix& matrix, int row, int column, class Vector>
GRADUS_INLINE void add_term(Vector& y, const Vector& x) {
  constexpr float c = static_cast<float>(matrix.at[row][column]);
  if constexpr (c == 1)
    y += x;
  else if constexpr (c == -1)
    y -= x;
  else if constexpr (c != 0)
    y += c * x;
}

template <const Matrix& matrix, int row, int parity, class Vector, int... column>
GRADUS_INLINE void row_terms(Vector& y, const Vector* x, int step, std::integer_sequence<int, column...>) {
  ((column % 2 == parity ? add_term<matrix, row, column>(y, x[column * step]) : void()), ...);
}
template <const Matrix& matrix, int column, int row, class Vector>
GRADUS_INLINE void pair_term(Vector& y, const Vector* sum, const Vector* difference) {
  add_term<matrix, row, column>(y, column % 2 == 0 ? sum[row / 2] : difference[row / 2]);
}

// y[i] = sum_j matrix[i][j] x[j], with a step from each element of x and y to the next.
template <const Matrix& matrix, class Vector>
GRADUS_INLINE void expand(const Vector* x, int x_step, Vector* y, int y_step) {
  constexpr auto columns = std::make_integer_sequence<int, matrix.columns>{};
  constexpr int last = matrix.rows - 1;
  const auto single = [&]<int row>(std::integral_constant<int, row>) __attribute__((always_inline)) {
    Vector total = {};
    row_terms<matrix, row, 0>(total, x, x_step, columns);
    row_terms<matrix, row, 1>(total, x, x_step, columns);
    y[row * y_step] = total;
  };
  const auto pair = [&]<int row>(std::integral_constant<int, row>) __attribute__((always_inline)) {
    Vector even = {}, odd = {};
    row_terms<matrix, row, 0>(even, x, x_step, columns);
    row_terms<matrix, row, 1>(odd, x, x_step, columns);
    y[row * y_step] = even + odd;
    y[(row + 1) * y_step] = even - odd;
  };
  single(std::integral_constant<int, 0>{});
  [&]<int... k>(std::integer_sequence<int, k...>) __attribute__((always_inline)) {
    (pair(std::integral_constant<int, 2 * k + 1>{}), ...);
  }
  (std::make_integer_sequence<int, last / 2>{});
  single(std::integral_constant<int, last>{});
}

// y[j] = sum_i matrix[i][j] x[i]
template <const Matrix& matrix, class Vector>
GRADUS_INLINE void contract(const Vector* x, int x_step, Vector* y, int y_step) {
  constexpr int last = matrix.rows - 1, pairs = last / 2;
  Vector sum[pairs], difference[pairs];
  for (int k = 0; k < pairs; ++k) {
    sum[k] = x[(2 * k + 1) * x_step] + x[(2 * k + 2) * x_step];
    difference[k] = x[(2 * k + 1) * x_step] - x[(2 * k + 2) * x_step];
  }
  const auto column = [&]<int j>(std::integral_constant<int, j>) __attribute__((always_inline)) {
    Vector total = {};
    add_term<matrix, 0, j>(total, x[0]);
    [&]<int... k>(std::integer_sequence<int, k...>) __attribute__((always_inline)) {
      (pair_term<matrix, j, 2 * k + 1>(total, sum, difference), ...);
    }
    (std::make_integer_sequence<int, pairs>{});
    add_term<matrix, last, j>(total, x[last * x_step]);
    y[j * y_step] = total;
  };
  [&]<int... j>(std::integer_sequence<int, j...>) __attribute__((always_inline)) {
    (column(std::integral_constant<int, j>{}), ...);
  }
  (std::make_integer_sequence<int, matrix.columns>{});
}

}  // namespace gradus::kernels::toom_cook
