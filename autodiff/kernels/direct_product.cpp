// Compiled with AVX-512 switched on: nothing of the standard library may be instantiated here.
#include "autodiff/kernels/direct_product.h"

#include <immintrin.h>

namespace gradus::kernels {
namespace {

constexpr int width = 16;  // numbers in a vector
constexpr auto all = static_cast<__mmask16>(-1);
__mmask16 first(int n) { return static_cast<__mmask16>((1u << n) - 1); }

// Columns of y, and the rows of b that belong to them.
struct Panel {
  std::int64_t first;  // column of y
  const float* b;      // [k, ldb]
  std::int64_t ldb;
  __mmask16 last;  // the columns that the last vector has
};

// A tile of y of `rows` rows and `vectors` vectors, its sums in registers.
template <int rows, int vectors>
[[gnu::always_inline]] inline void tile(const Product<float>& p, std::int64_t i, const Panel& panel) {
  const std::int64_t row_a = p.transpose_a ? 1 : p.lda, step_a = p.transpose_a ? p.lda : 1;
  const float* __restrict a = p.a + i * row_a;
  const float* __restrict b = panel.b;
  float* __restrict y = p.y + i * p.ldy + panel.first;
  const auto mask = [&panel](int c) { return c + 1 == vectors ? panel.last : all; };
  __m512 sum[rows][vectors];
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < vectors; ++c)
      sum[r][c] = p.accumulate ? _mm512_maskz_loadu_ps(mask(c), y + r * p.ldy + c * width) : _mm512_setzero_ps();
  }
  for (std::int64_t q = 0; q < p.k; ++q) {
    __m512 row[vectors];
#pragma GCC unroll 4
    for (int c = 0; c < vectors; ++c) row[c] = _mm512_maskz_loadu_ps(mask(c), b + q * panel.ldb + c * width);
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
      const __m512 factor = _mm512_set1_ps(a[r * row_a + q * step_a]);
#pragma GCC unroll 4
      for (int c = 0; c < vectors; ++c) sum[r][c] = _mm512_fmadd_ps(factor, row[c], sum[r][c]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < vectors; ++c) _mm512_mask_storeu_ps(y + r * p.ldy + c * width, mask(c), sum[r][c]);
  }
}

// The rows from i on, fewer than a whole tile has.
template <int rows, int vectors>
void last_rows(const Product<float>& p, std::int64_t i, const Panel& panel) {
  if constexpr (rows > 0) {
    if (p.m - i == rows)
      tile<rows, vectors>(p, i, panel);
    else
      last_rows<rows - 1, vectors>(p, i, panel);
  }
}

template <int rows, int vectors>
void all_rows(const Product<float>& p, const Panel& panel) {
  std::int64_t i = 0;
  for (; i + rows <= p.m; i += rows) tile<rows, vectors>(p, i, panel);
  last_rows<rows - 1, vectors>(p, i, panel);
}

// to[q, j] = from[j, q] for j < rows <= 16 and q < columns <= 16; what lies beyond in the vectors of `to` becomes 0.
void transpose_block(float* to, std::int64_t ld_to, const float* from, std::int64_t ld_from, int rows, int columns) {
  const __mmask16 mask = first(columns);
  __m512 x[16], z[16];
  for (int j = 0; j < 16; ++j) x[j] = j < rows ? _mm512_maskz_loadu_ps(mask, from + j * ld_from) : _mm512_setzero_ps();
  // Within each quarter of the vectors: blocks of 4 by 4.
  for (int j = 0; j < 16; j += 4) {
    const __m512 low01 = _mm512_unpacklo_ps(x[j], x[j + 1]), high01 = _mm512_unpackhi_ps(x[j], x[j + 1]);
    const __m512 low23 = _mm512_unpacklo_ps(x[j + 2], x[j + 3]), high23 = _mm512_unpackhi_ps(x[j + 2], x[j + 3]);
    z[j] = _mm512_shuffle_ps(low01, low23, 0x44);
    z[j + 1] = _mm512_shuffle_ps(low01, low23, 0xee);
    z[j + 2] = _mm512_shuffle_ps(high01, high23, 0x44);
    z[j + 3] = _mm512_shuffle_ps(high01, high23, 0xee);
  }
  // Then the quarters: the block of 4 by 4 quarters is transposed.
  for (int c = 0; c < 4; ++c) {
    const __m512 even01 = _mm512_shuffle_f32x4(z[c], z[c + 4], 0x88),
                 odd01 = _mm512_shuffle_f32x4(z[c], z[c + 4], 0xdd);
    const __m512 even23 = _mm512_shuffle_f32x4(z[c + 8], z[c + 12], 0x88),
                 odd23 = _mm512_shuffle_f32x4(z[c + 8], z[c + 12], 0xdd);
    const __m512 columns_of_c[4] = {
        _mm512_shuffle_f32x4(even01, even23, 0x88), _mm512_shuffle_f32x4(odd01, odd23, 0x88),
        _mm512_shuffle_f32x4(even01, even23, 0xdd), _mm512_shuffle_f32x4(odd01, odd23, 0xdd)};
    for (int quarter = 0; quarter < 4; ++quarter)
      if (quarter * 4 + c < columns) _mm512_storeu_ps(to + (quarter * 4 + c) * ld_to, columns_of_c[quarter]);
  }
}

// The product of a panel of at most four vectors.
void product_of(const Product<float>& p, const Panel& panel, std::int64_t columns) {
  if (columns > 3 * width) return all_rows<6, 4>(p, panel);
  if (columns > 2 * width) return all_rows<8, 3>(p, panel);
  if (columns > width) return all_rows<14, 2>(p, panel);
  all_rows<14, 1>(p, panel);
}

}  // namespace

void direct_product_avx512(const Product<float>& p) {
  constexpr std::int64_t widest = 4 * width;
  for (std::int64_t j = 0; j < p.n; j += widest) {
    const std::int64_t columns = p.n - j < widest ? p.n - j : widest;
    Panel panel{j, p.b + j, p.ldb, columns % width == 0 ? all : first(static_cast<int>(columns % width))};
    if (!p.transpose_b) {
      product_of(p, panel, columns);
      continue;
    }
    alignas(64) float rows_of_b[longest_direct * widest];
    for (std::int64_t q = 0; q < p.k; q += width)
      for (std::int64_t c = 0; c < columns; c += width)
        transpose_block(rows_of_b + q * widest + c, widest, p.b + (j + c) * p.ldb + q, p.ldb,
                        static_cast<int>(columns - c < width ? columns - c : width),
                        static_cast<int>(p.k - q < width ? p.k - q : width));
    panel.b = rows_of_b;
    panel.ldb = widest;
    product_of(p, panel, columns);
  }
}

}  // namespace gradus::kernels
