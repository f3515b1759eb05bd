// Dense matrix products.
#pragma once

#include "autodiff/tensor/tensor.h"

namespace gradus::kernels {

// y[m, n] = a b or y += a b, where a is [m, k] ([k, m] if transposed) and b is [k, n] ([n, k] if transposed).
void matmul(const Tensor& y, bool accumulate, const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b);

// How many threads a product may use; 1 until set. The results are the same bits for every number.
void set_threads(int threads);
int threads();

// Whether oneDNN computes large float32 products and convolutions: where it was found by the build, unless the
// environment variable GRADUS_PRODUCTS (onednn, eigen) says otherwise.
bool uses_onednn();

// "oneDNN" or "Eigen", accordingly.
const char* product_library();

}  // namespace gradus::kernels
