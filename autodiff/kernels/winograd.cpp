#include "autodiff/kernels/winograd.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "autodiff/kernels/largest.h"
#include "autodiff/kernels/scratch.h"
#include "autodiff/kernels/simd.h"
#include "autodiff/kernels/team.h"
#include "autodiff/kernels/toom_cook.h"

namespace gradus::kernels {
namespace {

constexpr int lanes = 16;
using Vector [[gnu::vector_size(lanes * sizeof(float))]] = float;  // 16 channels

GRADUS_INLINE void load(Vector& v, const float* p) { std::memcpy(&v, p, sizeof v); }
GRADUS_INLINE void store(float* p, const Vector& v) { std::memcpy(p, &v, sizeof v); }

// y[m, n] = a b or y += a b, with m a multiple of 8 and n of 16. Element (i, q) of a lies at a[i * row_a + q * step_a];
// the rows of b and y are contiguous.
template <int columns>
GRADUS_INLINE void product_tile(float* __restrict y, bool accumulate, std::int64_t n, const float* __restrict a,
                                std::int64_t row_a, std::int64_t step_a, const float* __restrict b, std::int64_t k) {
  constexpr int rows = 8;
  Vector sum[rows][columns] = {}, row[columns];
  if (accumulate)
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < columns; ++j) load(sum[i][j], y + i * n + j * lanes);
  for (std::int64_t q = 0; q < k; ++q) {
    for (int j = 0; j < columns; ++j) load(row[j], b + q * n + j * lanes);
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < columns; ++j) sum[i][j] += a[i * row_a + q * step_a] * row[j];
  }
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < columns; ++j) store(y + i * n + j * lanes, sum[i][j]);
}
GRADUS_INLINE void product(float* y, bool accumulate, std::int64_t m, std::int64_t n, const float* a,
                           std::int64_t row_a, std::int64_t step_a, const float* b, std::int64_t k) {
  std::int64_t j = 0;
  for (; j + 2 * lanes <= n; j += 2 * lanes)
    for (std::int64_t i = 0; i < m; i += 8)
      product_tile<2>(y + i * n + j, accumulate, n, a + i * row_a, row_a, step_a, b + j, k);
  if (j < n)
    for (std::int64_t i = 0; i < m; i += 8)
      product_tile<1>(y + i * n + j, accumulate, n, a + i * row_a, row_a, step_a, b + j, k);
}

// An image and where its tiles lie: tile (i, j) of it begins at pixel (4 i - before.height, 4 j - before.width).
template <class T>
struct Tiled {
  T* data;
  Extent2d extent, before;
  std::int64_t channels;

  // f(row in the tile, column in the tile, its channels) for each pixel of tile (i, j) on the image.
  template <int size, class F>
  GRADUS_INLINE void for_each_pixel(std::int64_t example, std::int64_t i, std::int64_t j, const F& f) const {
    const std::int64_t top = 4 * i - before.height, left = 4 * j - before.width;
    for (int row = 0; row < size; ++row) {
      if (top + row < 0 || top + row >= extent.height) continue;
      T* pixels = data + ((example * extent.height + top + row) * extent.width + left) * channels;
      for (int column = 0; column < size; ++column)
        if (left + column >= 0 && left + column < extent.width) f(row, column, pixels + column * channels);
    }
  }
};

struct WeightTag;
struct TurnedTag;
struct InTag;
struct OutTag;

// The convolution of c, whose kernel is r x r, tile by tile: 4 x 4 places of y from n x n pixels of x, n = r + 3.
//
// Positions are the n * n products of a tile. The transformed tiles of a slab lie as [position][tile][channel], so that
// a position's products for all tiles and channels are one matrix product. Slabs stay in the second-level cache.
template <int r>
class Tiles {
  using M = toom_cook::Matrices<r>;
  static constexpr int n = M::n, m = M::m, positions = n * n;

 public:
  Tiles(const Extent2d& places, std::int64_t batch, std::int64_t in, std::int64_t out)
      : rows_((places.height + m - 1) / m),
        columns_((places.width + m - 1) / m),
        count_(batch * rows_ * columns_),
        in_(in),
        out_(out) {
    constexpr std::int64_t cached = 128 * 1024;  // elements of a slab
    slab_ = std::clamp<std::int64_t>(cached / (positions * (in + out)) / 8 * 8, 32, (count_ + 7) / 8 * 8);
    // A line more: positions a power of two apart would compete for the same lines of the cache.
    in_step_ = slab_ * in + lanes;
    out_step_ = slab_ * out + lanes;
  }

  void convolve(const Tiled<float>& y, bool accumulate, const Tiled<const float>& x, const float* w,
                const float* bias) const {
    float* u = scratch<WeightTag, float>(positions * in_ * out_);
    simd::run_at_avx512([=, this] GRADUS_LOOP() { expand_weights(w, u); });
    share((count_ + slab_ - 1) / slab_, [&](std::int64_t slab) {
      const std::int64_t first = slab * slab_, count = std::min(slab_, count_ - first);
      float* v = scratch<InTag, float>(positions * in_step_);
      float* z = scratch<OutTag, float>(positions * out_step_);
      simd::run_at_avx512([=, &x, &y, this] GRADUS_LOOP() {
        expand_tiles<M::b, n>(x, first, count, v, in_step_);
        for (int p = 0; p < positions; ++p)
          product(z + p * out_step_, false, (count + 7) / 8 * 8, out_, v + p * in_step_, in_, 1, u + p * in_ * out_,
                  in_);
        contract_tiles(z, first, count, y, accumulate, bias);
      });
    });
  }

  void weight_derivative(float* dw, bool accumulate, const Tiled<const float>& x, const Tiled<const float>& dy) const {
    // Groups of slabs have a sum each; as many as their memory allows, and enough slabs in each to pay for it.
    constexpr std::int64_t most_elements = 1 << 20, most = 8, slabs_of_a_group = 4;
    const std::int64_t size = positions * in_ * out_, slabs = (count_ + slab_ - 1) / slab_;
    const std::int64_t groups = std::clamp<std::int64_t>(
        slabs / slabs_of_a_group, 1, std::max<std::int64_t>(1, std::min(most, most_elements / size)));
    float* sums = scratch<WeightTag, float>(groups * size);
    share(groups, [&](std::int64_t group) {
      const std::int64_t begin = slabs * group / groups, end = slabs * (group + 1) / groups;
      add_up_slabs(sums + group * size, x, dy, begin, end);
    });
    share_ranges(size, shared_elements, [=](std::int64_t first, std::int64_t end) {
      simd::run_at_avx512([=] GRADUS_LOOP() {
        for (std::int64_t group = 1; group < groups; ++group)
          for (std::int64_t i = first; i < end; ++i) sums[i] += sums[group * size + i];
      });
    });
    simd::run_at_avx512([=, this] GRADUS_LOOP() { contract_weights(sums, dw, accumulate); });
  }

 private:
  // u = the sum over slabs [begin, end).
  void add_up_slabs(float* u, const Tiled<const float>& x, const Tiled<const float>& dy, std::int64_t begin,
                    std::int64_t end) const {
    float* v = scratch<InTag, float>(positions * in_step_);
    float* z = scratch<OutTag, float>(positions * out_step_);
    simd::run_at_avx512([=, &x, &dy, this] GRADUS_LOOP() {
      for (std::int64_t first = begin * slab_; first < std::min(end * slab_, count_); first += slab_) {
        const std::int64_t count = std::min(slab_, count_ - first);
        expand_tiles<M::b, n>(x, first, count, v, in_step_);
        expand_tiles<M::a, m>(dy, first, count, z, out_step_);
        for (int p = 0; p < positions; ++p)
          product(u + p * in_ * out_, first > begin * slab_, in_, out_, v + p * in_step_, 1, in_, z + p * out_step_,
                  count);
      }
    });
  }

  // matrix X matrix^T for a block x[size][size] of vectors, to y[n][n].
  template <const toom_cook::Matrix& matrix, int size>
  GRADUS_INLINE static void expand(const Vector* x, Vector* y) {
    Vector half[n * size];
    for (int j = 0; j < size; ++j) toom_cook::expand<matrix>(x + j, size, half + j, size);
    for (int i = 0; i < n; ++i) toom_cook::expand<matrix>(half + i * size, 1, y + i * n, 1);
  }
  // matrix^T X matrix for x[n][n], to y[size][size].
  template <const toom_cook::Matrix& matrix, int size>
  GRADUS_INLINE static void contract(const Vector* x, Vector* y) {
    Vector half[size * n];
    for (int j = 0; j < n; ++j) toom_cook::contract<matrix>(x + j, n, half + j, n);
    for (int i = 0; i < size; ++i) toom_cook::contract<matrix>(half + i * n, 1, y + i * size, 1);
  }

  // f(number in the slab, example, row of tiles, column of tiles) for the tiles of a slab.
  template <class F>
  GRADUS_INLINE void for_each_tile(std::int64_t first, std::int64_t count, const F& f) const {
    std::int64_t j = first % columns_, i = first / columns_ % rows_, example = first / (columns_ * rows_);
    for (std::int64_t t = 0; t < count; ++t) {
      f(t, example, i, j);
      if (++j == columns_) {
        j = 0;
        ++i;
      }
      if (i == rows_) {
        i = 0;
        ++example;
      }
    }
  }

  template <const toom_cook::Matrix& matrix, int size>
  GRADUS_INLINE void expand_tiles(const Tiled<const float>& image, std::int64_t first, std::int64_t count, float* v,
                                  std::int64_t step) const {
    for_each_tile(
        first, count,
        [&](std::int64_t t, std::int64_t example, std::int64_t i, std::int64_t j) __attribute__((always_inline)) {
          for (std::int64_t c = 0; c < image.channels; c += lanes) {
            Vector x[size * size] = {}, y[positions];
            image.template for_each_pixel<size>(
                example, i, j, [&](int row, int column, const float* pixel) __attribute__((always_inline)) {
                  load(x[row * size + column], pixel + c);
                });
            expand<matrix, size>(x, y);
            for (int p = 0; p < positions; ++p) store(v + p * step + t * image.channels + c, y[p]);
          }
        });
  }

  GRADUS_INLINE void contract_tiles(const float* z, std::int64_t first, std::int64_t count, const Tiled<float>& image,
                                    bool accumulate, const float* bias) const {
    for_each_tile(
        first, count,
        [&](std::int64_t t, std::int64_t example, std::int64_t i, std::int64_t j) __attribute__((always_inline)) {
          for (std::int64_t c = 0; c < out_; c += lanes) {
            Vector x[positions], y[m * m], b = {};
            for (int p = 0; p < positions; ++p) load(x[p], z + p * out_step_ + t * out_ + c);
            contract<M::a, m>(x, y);
            if (bias) load(b, bias + c);
            image.template for_each_pixel<m>(
                example, i, j, [&](int row, int column, float* pixel) __attribute__((always_inline)) {
                  Vector sum = y[row * m + column] + b, old;
                  if (accumulate) {
                    load(old, pixel + c);
                    sum += old;
                  }
                  store(pixel + c, sum);
                });
          }
        });
  }

  // w[r, r, in, out] to u[position, in, out]
  GRADUS_INLINE void expand_weights(const float* w, float* u) const {
    for (std::int64_t c = 0; c < in_ * out_; c += lanes) {
      Vector x[r * r], y[positions];
      for (int k = 0; k < r * r; ++k) load(x[k], w + k * in_ * out_ + c);
      expand<M::g, r>(x, y);
      for (int p = 0; p < positions; ++p) store(u + p * in_ * out_ + c, y[p]);
    }
  }
  GRADUS_INLINE void contract_weights(const float* u, float* w, bool accumulate) const {
    for (std::int64_t c = 0; c < in_ * out_; c += lanes) {
      Vector x[positions], y[r * r], old;
      for (int p = 0; p < positions; ++p) load(x[p], u + p * in_ * out_ + c);
      contract<M::g, r>(x, y);
      for (int k = 0; k < r * r; ++k) {
        if (accumulate) {
          load(old, w + k * in_ * out_ + c);
          y[k] += old;
        }
        store(w + k * in_ * out_ + c, y[k]);
      }
    }
  }

  std::int64_t rows_, columns_, count_, in_, out_, slab_, in_step_, out_step_;
};

// Whether it is the fastest way.
bool applies(const Convolution& c, const Extent2d& places) {
  static const bool wide = simd::level() == simd::Level::avx512;  // the tiles need its 32 registers
  const std::int64_t r = c.window.kernel.height;
  if (!wide || (r != 3 && r != 5) || c.window.kernel != Extent2d{r, r} || c.window.stride != Extent2d{1, 1} ||
      c.groups != 1)
    return false;
  if (c.in_channels % lanes != 0 || c.out_channels % lanes != 0) return false;
  // Where images end within tiles, part of the work is lost; it must still be 2.5 times less, to pay for the
  // transformations.
  const std::int64_t tiles = (places.height + 3) / 4 * ((places.width + 3) / 4);
  return c.batch * tiles >= 8 && 5 * tiles * (r + 3) * (r + 3) <= 2 * places.height * places.width * r * r;
}

// Whether neighbouring pixels may be mixed: infinity or NaN in one would reach results that do not depend on it, and
// sums of very large numbers would overflow.
bool may_mix(const Tensor& a, const Tensor& b) {
  std::atomic<bool> all{true};
  for (const Tensor* numbers : {&a, &b})
    share_ranges(numbers->size(), 2 * shared_elements,
                 [&all, from = numbers->data<float>()](std::int64_t first, std::int64_t end) {
                   bool moderate = false;
                   simd::run_at_avx512([&] GRADUS_LOOP() { moderate = all_moderate(from + first, end - first); });
                   if (!moderate) all = false;
                 });
  return all;
}

// f(Tiles<r>) for the kernel's size.
template <class F>
void with_tiles(const Convolution& c, const Extent2d& places, std::int64_t in, std::int64_t out, const F& f) {
  if (c.window.kernel.height == 3)
    f(Tiles<3>(places, c.batch, in, out));
  else
    f(Tiles<5>(places, c.batch, in, out));
}

}  // namespace

bool winograd_convolve(const Convolution& c, const Tensor& y, bool accumulate, const Tensor& x, const Tensor& w,
                       const Tensor* bias) {
  if (!applies(c, c.places) || !may_mix(x, w)) return false;
  with_tiles(c, c.places, c.in_channels, c.out_channels, [&](const auto& tiles) {
    tiles.convolve({y.data<float>(), c.places, {0, 0}, c.out_channels}, accumulate,
                   {x.data<float>(), c.image, c.window.before, c.in_channels}, w.data<float>(),
                   bias ? bias->data<float>() : nullptr);
  });
  return true;
}

// dx is the convolution of dy with the kernel turned by half a circle and transposed.
bool winograd_convolve_input_derivative(const Convolution& c, const Tensor& dx, bool accumulate, const Tensor& dy,
                                        const Tensor& w) {
  if (!applies(c, c.image) || !may_mix(dy, w)) return false;
  const std::int64_t r = c.window.kernel.height, in = c.in_channels, out = c.out_channels;
  float* turned = scratch<TurnedTag, float>(w.size());
  const float* from = w.data<float>();
  for (std::int64_t k = 0; k < r * r; ++k)
    for (std::int64_t first = 0; first < in; first += lanes)  // a strip at a time, for whole lines of the cache
      for (std::int64_t o = 0; o < out; ++o)
        for (std::int64_t i = first; i < first + lanes; ++i)
          turned[((r * r - 1 - k) * out + o) * in + i] = from[(k * in + i) * out + o];
  const Extent2d before{r - 1 - c.window.before.height, r - 1 - c.window.before.width};
  with_tiles(c, c.image, out, in, [&](const auto& tiles) {
    tiles.convolve({dx.data<float>(), c.image, {0, 0}, in}, accumulate, {dy.data<float>(), c.places, before, out},
                   turned, nullptr);
  });
  return true;
}

bool winograd_convolve_weight_derivative(const Convolution& c, const Tensor& dw, bool accumulate, const Tensor& x,
                                         const Tensor& dy) {
  if (!applies(c, c.places) || !may_mix(x, dy)) return false;
  with_tiles(c, c.places, c.in_channels, c.out_channels, [&](const auto& tiles) {
    tiles.weight_derivative(dw.data<float>(), accumulate, {x.data<float>(), c.image, c.window.before, c.in_channels},
                            {dy.data<float>(), c.places, {0, 0}, c.out_channels});
  });
  return true;
}

}  // namespace gradus::kernels
