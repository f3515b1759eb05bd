// Eigen's products, compiled once for each generation of x86-64 (see autodiff/CMakeLists.txt).
#pragma once

#include <cstdint>

namespace gradus::kernels {

template <class T>
struct Product {
  T* y;
  const T* a;
  const T* b;
  std::int64_t m, n, k;
  std::int64_t lda, ldb, ldy;  // from one stored row to the next
  bool transpose_a, transpose_b, accumulate;
};

// Bytes of the three levels, by which Eigen chooses its blocks, and so the order of its sums.
struct CacheSizes {
  std::int64_t first, second, third;
};

#define GRADUS_DECLARE_EIGEN_PRODUCT(level)           \
  void eigen_product_##level(const Product<float>&);  \
  void eigen_product_##level(const Product<double>&); \
  int eigen_version_##level(); /* 30400 of 3.4.0 */   \
  CacheSizes eigen_caches_##level();                  \
  void set_eigen_caches_##level(const CacheSizes&);
GRADUS_DECLARE_EIGEN_PRODUCT(baseline)
GRADUS_DECLARE_EIGEN_PRODUCT(avx2)
GRADUS_DECLARE_EIGEN_PRODUCT(avx512)
#undef GRADUS_DECLARE_EIGEN_PRODUCT

}  // namespace gradus::kernels
