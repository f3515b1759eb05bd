#include "autodiff/kernels/products.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "autodiff/kernels/direct_product.h"
#include "autodiff/kernels/eigen_product.h"
#include "autodiff/kernels/simd.h"
#include "autodiff/kernels/small_product.h"

#ifdef GRADUS_HAVE_ONEDNN
#include <dnnl.h>
#include <omp.h>
#endif

namespace gradus::kernels {
namespace {

std::atomic<int> thread_count{1};

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

template <class T>
void product(const Product<T>& p) {
  if (is_small(p)) return small_product(p);
#ifdef GRADUS_EIGEN_LEVELS
  if constexpr (std::is_same_v<T, float>) {
    static const bool avx512 = simd::level() == simd::Level::avx512;
    if (avx512 && is_direct(p)) return direct_product_avx512(p);
  }
#endif
#ifdef GRADUS_HAVE_ONEDNN
  if constexpr (std::is_same_v<T, float>) {
    constexpr std::int64_t small = 16 * 1024;  // below, the call costs more than the product
    if (p.m * p.n * p.k > small && uses_onednn()) {
      omp_set_num_threads(1);  // of this thread only; the split over threads is ours
      const dnnl_status_t status =
          dnnl_sgemm(p.transpose_a ? 'T' : 'N', p.transpose_b ? 'T' : 'N', p.m, p.n, p.k, 1.0f, p.a, p.lda, p.b,
                     p.transpose_b ? p.k : p.n, p.accumulate ? 1.0f : 0.0f, p.y, p.n);
      if (status != dnnl_success) throw std::runtime_error(fmt::format("matmul: oneDNN failed with status {}", status));
      return;
    }
  }
#endif
  eigen_product(p);
}

// Computes y in slabs of rows, which the threads share. The bounds of the slabs do not depend on the number of threads,
// so neither do the results: a library may add up an element in another order when the shape of the call changes.
template <class T>
void product_in_slabs(const Product<T>& p, int workers) {
  uses_onednn();  // throws here, and not in a thread, if the environment names another library
  const std::int64_t rows = 256;
  const auto work = [&p, workers, rows](std::int64_t worker) {
    for (std::int64_t row = worker * rows; row < p.m; row += workers * rows) {
      Product<T> part = p;
      part.m = std::min(rows, p.m - row);
      part.y += row * p.n;
      part.a += p.transpose_a ? row : row * p.k;
      product(part);
    }
  };
  std::vector<std::jthread> others;
  for (int worker = 1; worker < workers && worker * rows < p.m; ++worker) others.emplace_back(work, worker);
  work(0);
}

}  // namespace

void set_threads(int threads) {
  if (threads < 1) throw std::invalid_argument(fmt::format("threads: {}, expected at least 1", threads));
  thread_count = threads;
}

int threads() { return thread_count; }

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

void matmul(const Tensor& y, bool accumulate, const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b) {
  const std::int64_t m = y.shape()[0], n = y.shape()[1], k = a.shape()[transpose_a ? 0 : 1];
  if (m == 0 || n == 0) return;
  if (k == 0) {
    if (!accumulate) y.fill(0);
    return;
  }
  with_floating(y.dtype(), [&]<class T>(T) {
    const Product<T> p{y.data<T>(), a.data<T>(),         b.data<T>(), m,           n,
                       k,           transpose_a ? m : k, transpose_a, transpose_b, accumulate};
    constexpr std::int64_t worth_a_thread = 1 << 22;
    if (m * n * k >= worth_a_thread)
      product_in_slabs(p, thread_count);
    else
      product(p);
  });
}

}  // namespace gradus::kernels
