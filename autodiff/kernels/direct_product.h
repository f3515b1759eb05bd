// Products straight from memory, without the packed copies of the operands that a library makes.
#pragma once

#include "autodiff/kernels/eigen_product.h"

namespace gradus::kernels {

constexpr std::int64_t longest_direct = 1024;  // the largest k

// Whether direct_product is the way for this product, on a processor with AVX-512: a panel of b must stay in the cache
// while all rows of y pass. Then nothing is gained by packing, and its memory is saved. A transposed b is turned first,
// which pays where it is small beside the product.
inline bool is_direct(const Product<float>& p) {
  return p.n >= 8 && p.k <= (p.transpose_a ? 512 : longest_direct) &&
         (!p.transpose_b || (p.m >= 16 && p.n * p.k <= 16 * 1024));
}

// y = a b or y += a b. Each element is one chain of fused multiply-adds in the order of k, whatever the shape of the
// call. Needs AVX-512.
void direct_product_avx512(const Product<float>& p);

}  // namespace gradus::kernels
