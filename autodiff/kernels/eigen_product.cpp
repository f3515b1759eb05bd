// Compiled once for each generation of x86-64 with -DGRADUS_LEVEL and another name for Eigen's namespace: otherwise the
// linker would merge template instances of different instruction sets. Nothing of the standard library may be
// instantiated here.
#include "autodiff/kernels/eigen_product.h"

#include <Eigen/Core>

#define GRADUS_JOIN_(a, b) a##b
#define GRADUS_JOIN(a, b) GRADUS_JOIN_(a, b)

namespace gradus::kernels {
namespace {

template <class T>
using Matrix = Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>, 0, Eigen::OuterStride<>>;
template <class T>
using ConstMatrix =
    Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>, 0, Eigen::OuterStride<>>;

template <class T, class A, class B>
void put(const Product<T>& p, const A& a, const B& b) {
  Matrix<T> y(p.y, p.m, p.n, Eigen::OuterStride<>(p.ldy));
  if (p.m * p.n * p.k <= 4096) {  // packing costs more than the product
    if (p.accumulate)
      y += a.lazyProduct(b);
    else
      y = a.lazyProduct(b);
  } else {
    // In slabs of columns: Eigen packs all columns at once, on the heap where that is more than fits the stack.
    constexpr std::int64_t slab = 1024;
    for (std::int64_t first = 0; first < p.n; first += slab) {
      const std::int64_t columns = p.n - first < slab ? p.n - first : slab;
      if (p.accumulate)
        y.middleCols(first, columns).noalias() += a * b.middleCols(first, columns);
      else
        y.middleCols(first, columns).noalias() = a * b.middleCols(first, columns);
    }
  }
}

template <class T>
void product(const Product<T>& p) {
  const ConstMatrix<T> a(p.a, p.transpose_a ? p.k : p.m, p.transpose_a ? p.m : p.k, Eigen::OuterStride<>(p.lda));
  const ConstMatrix<T> b(p.b, p.transpose_b ? p.n : p.k, p.transpose_b ? p.k : p.n, Eigen::OuterStride<>(p.ldb));
  if (p.transpose_a && p.transpose_b)
    put(p, a.transpose(), b.transpose());
  else if (p.transpose_a)
    put(p, a.transpose(), b);
  else if (p.transpose_b)
    put(p, a, b.transpose());
  else
    put(p, a, b);
}

}  // namespace

void GRADUS_JOIN(eigen_product_, GRADUS_LEVEL)(const Product<float>& p) { product(p); }
void GRADUS_JOIN(eigen_product_, GRADUS_LEVEL)(const Product<double>& p) { product(p); }
int GRADUS_JOIN(eigen_version_, GRADUS_LEVEL)() {
  return 10000 * EIGEN_WORLD_VERSION + 100 * EIGEN_MAJOR_VERSION + EIGEN_MINOR_VERSION;
}
CacheSizes GRADUS_JOIN(eigen_caches_, GRADUS_LEVEL)() {
  return {Eigen::l1CacheSize(), Eigen::l2CacheSize(), Eigen::l3CacheSize()};
}
void GRADUS_JOIN(set_eigen_caches_, GRADUS_LEVEL)(const CacheSizes& sizes) {
  Eigen::setCpuCacheSizes(sizes.first, sizes.second, sizes.third);
}

}  // namespace gradus::kernels
