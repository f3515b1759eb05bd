#include "autodiff/kernels/products.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "autodiff/kernels/direct_product.h"
#include "autodiff/kernels/eigen_product.h"
#include "autodiff/kernels/scratch.h"
#include "autodiff/kernels/simd.h"
#include "autodiff/kernels/small_product.h"
#include "autodiff/kernels/team.h"

#ifdef GRADUS_HAVE_ONEDNN
#include <dnnl.h>
#include <omp.h>
#endif

namespace gradus::kernels {
namespace {

#ifdef GRADUS_HAVE_ONEDNN
constexpr bool have_onednn = true;
#else
constexpr bool have_onednn = false;
#endif

// Throws std::invalid_argument where the variable names no library of this build.
bool onednn_is_asked_for() {
  const char* text = std::getenv("GRADUS_PRODUCTS");
  const std::string library = text ? text : have_onednn ? "onednn" : "eigen";
  if (library == "eigen") return false;
  if (library == "onednn" && have_onednn) return true;
  throw std::invalid_argument(
      fmt::format("GRADUS_PRODUCTS={}: expected eigen{}", library, (have_onednn ? " or onednn" : "")));
}

// Three numbers above 0 with commas between.
CacheSizes parse_caches(const char* text) {
  std::int64_t sizes[3] = {0, 0, 0};
  const char* at = text;
  const char* const end = text + std::strlen(text);
  bool good = true;
  for (int i = 0; i < 3 && good; ++i) {
    const auto [stop, error] = std::from_chars(at, end, sizes[i]);
    good = error == std::errc() && sizes[i] > 0 && (i == 2 ? stop == end : stop != end && *stop == ',');
    at = stop + 1;
  }
  if (!good)
    throw std::invalid_argument(
        fmt::format("GRADUS_CACHES={}: expected the bytes of three caches, such as 32768,1048576,37748736", text));
  return {sizes[0], sizes[1], sizes[2]};
}

// Of the level that is in use, as the environment pins them.
CacheSizes caches_in_use() {
  const char* text = std::getenv("GRADUS_CACHES");
  const auto use = [text](auto get, auto set) {
    if (text) set(parse_caches(text));
    return get();
  };
#ifdef GRADUS_EIGEN_LEVELS
  if (simd::level() == simd::Level::avx512) return use(eigen_caches_avx512, set_eigen_caches_avx512);
  if (simd::level() == simd::Level::avx2) return use(eigen_caches_avx2, set_eigen_caches_avx2);
#endif
  return use(eigen_caches_baseline, set_eigen_caches_baseline);
}

const CacheSizes& caches() {
  static const CacheSizes sizes = caches_in_use();
  return sizes;
}

template <class T>
void eigen_product(const Product<T>& p) {
  caches();
#ifdef GRADUS_EIGEN_LEVELS
  static const simd::Level level = simd::level();
  if (level == simd::Level::avx512) return eigen_product_avx512(p);
  if (level == simd::Level::avx2) return eigen_product_avx2(p);
#endif
  eigen_product_baseline(p);
}

void onednn_product([[maybe_unused]] const Product<float>& p) {
#ifdef GRADUS_HAVE_ONEDNN
  omp_set_num_threads(1);  // of this thread only; the split over threads is ours
  const dnnl_status_t status = dnnl_sgemm(p.transpose_a ? 'T' : 'N', p.transpose_b ? 'T' : 'N', p.m, p.n, p.k, 1.0f,
                                          p.a, p.lda, p.b, p.ldb, p.accumulate ? 1.0f : 0.0f, p.y, p.ldy);
  if (status != dnnl_success) throw std::runtime_error(fmt::format("matmul: oneDNN failed with status {}", status));
#endif
}

// How y is cut into blocks, which the threads share.
struct Blocks {
  std::int64_t rows, columns;
};

// As many pieces of an extent as are wanted, or fewer: each at least `least` long, and a multiple of `unit`.
std::int64_t piece(std::int64_t extent, std::int64_t pieces, std::int64_t least, std::int64_t unit) {
  const std::int64_t even = (extent + pieces - 1) / std::max<std::int64_t>(pieces, 1);
  return std::max(least, (even + unit - 1) / unit * unit);
}

// A library packs its operands anew for each block: few of them, along the longer side of y. The blocks follow from the
// shape alone, not from the number of threads: a library may add up an element in another order when the shape of the
// call changes.
template <class T>
Blocks library_blocks(const Product<T>& p) {
  constexpr std::int64_t worth_a_thread = 1 << 20, most = 8;
  const std::int64_t pieces = std::min(p.m * p.n * p.k / worth_a_thread, most);
  if (pieces < 2) return {p.m, p.n};
  if (p.m >= 2 * p.n) return {piece(p.m, pieces, 64, 16), p.n};
  static const std::int64_t narrowest = simd::level() == simd::Level::avx512 ? 128 : 64;
  return {p.m, piece(p.n, pieces, narrowest, 32)};
}

// Here an element is the same bits in every block. A block is some panels of columns, and of these only some rows where
// there are few panels.
[[maybe_unused]] Blocks direct_blocks(const Product<float>& p) {
  constexpr std::int64_t worth_a_thread = 1 << 19, most = 32, panel = 64;
  const std::int64_t pieces = std::min(p.m * p.n * p.k / worth_a_thread, most);
  if (pieces < 2) return {p.m, p.n};
  const std::int64_t columns = piece(p.n, pieces, panel, panel), strips = (p.n + columns - 1) / columns;
  const std::int64_t least = p.transpose_b ? 96 : 24;  // for fewer rows, it does not pay to turn the panel once more
  return {piece(p.m, (pieces + strips - 1) / strips, least, p.n > 48 ? 24 : p.n > 32 ? 32 : 56), columns};
}

template <class T>
void product_in_blocks(const Product<T>& p, const Blocks& blocks, void (*multiply)(const Product<T>&)) {
  if (blocks.rows >= p.m && blocks.columns >= p.n) return multiply(p);
  const std::int64_t rows = (p.m + blocks.rows - 1) / blocks.rows;
  const std::int64_t columns = (p.n + blocks.columns - 1) / blocks.columns;
  share(rows * columns, [&](std::int64_t block) {
    const std::int64_t row = block % rows * blocks.rows, column = block / rows * blocks.columns;
    Product<T> part = p;
    part.m = std::min(blocks.rows, p.m - row);
    part.n = std::min(blocks.columns, p.n - column);
    part.y += row * p.ldy + column;
    part.a += p.transpose_a ? row : row * p.lda;
    part.b += p.transpose_b ? column * p.ldb : column;
    multiply(part);
  });
}

template <class T>
void product(const Product<T>& p) {
  if (is_small(p)) {
    constexpr std::int64_t cached = 1 << 18;  // elements of y, at which a core writes faster alone
    if (p.m * p.n < cached) return small_product(p);
    return product_in_blocks<T>(p, {shared_rows(p.n), p.n}, small_product);  // an outer product
  }
  if constexpr (std::is_same_v<T, float>) {
#ifdef GRADUS_EIGEN_LEVELS
    static const bool avx512 = simd::level() == simd::Level::avx512;
    if (avx512 && is_direct(p)) return product_in_blocks(p, direct_blocks(p), direct_product_avx512);
#endif
    constexpr std::int64_t small = 16 * 1024;  // below, the call costs more than the product
    if (p.m * p.n * p.k > small && uses_onednn()) return product_in_blocks(p, library_blocks(p), onednn_product);
  }
  product_in_blocks<T>(p, library_blocks(p), eigen_product);
}

}  // namespace

bool uses_onednn() {
  static const bool uses = onednn_is_asked_for();
  return uses;
}

const char* product_library() { return uses_onednn() ? "oneDNN" : "Eigen"; }

std::string product_library_version() {
#ifdef GRADUS_HAVE_ONEDNN
  if (uses_onednn()) {
    const dnnl_version_t* version = dnnl_version();
    return fmt::format("oneDNN {}.{}.{}, instructions {:#x}", version->major, version->minor, version->patch,
                       static_cast<unsigned>(dnnl_get_effective_cpu_isa()));
  }
#endif
  const int version = eigen_version_baseline();
  return fmt::format("Eigen {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

std::vector<std::int64_t> cache_sizes() {
  const CacheSizes& sizes = caches();
  return {sizes.first, sizes.second, sizes.third};
}

RepeatedFactor::RepeatedFactor(const Tensor& w, std::int64_t uses) : factor_(w), is_turned_(uses >= 4 && w.size() > 0) {
  if (!is_turned_) return;
  const std::int64_t rows = w.shape()[0], columns = w.shape()[1];
  with_floating(w.dtype(), [&]<class T>(T) {
    constexpr std::int64_t tile = 16;  // lines of both stay in the cache
    const T* from = w.data<T>();
    T* to = scratch<RepeatedFactor, T>(w.size());
    for (std::int64_t i = 0; i < rows; i += tile)
      for (std::int64_t j = 0; j < columns; ++j)
        for (std::int64_t r = i; r < std::min(i + tile, rows); ++r) to[j * rows + r] = from[r * columns + j];
    factor_ = Tensor::view(to, {columns, rows}, w.dtype());
  });
}

void matmul(const Tensor& y, bool accumulate, const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b) {
  const std::int64_t m = y.shape()[0], n = y.shape()[1], k = a.shape()[transpose_a ? 0 : 1];
  if (m == 0 || n == 0) return;
  if (k == 0) {
    if (!accumulate) y.fill(0);
    return;
  }
  with_floating(y.dtype(), [&]<class T>(T) {
    product(Product<T>{y.data<T>(), a.data<T>(), b.data<T>(), m, n, k, transpose_a ? m : k, transpose_b ? k : n, n,
                       transpose_a, transpose_b, accumulate});
  });
}

}  // namespace gradus::kernels
