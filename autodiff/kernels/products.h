// Dense matrix products: kernels::matmul of autodiff/tensor/matrix.h, and how it works.
#pragma once

#include "autodiff/tensor/matrix.h"

namespace gradus::kernels {

// How many threads a product may use; 1 until set. The results are the same bits for every number.
void set_threads(int threads);
int threads();

// Whether oneDNN computes large float32 products and convolutions: where it was found by the build, unless the
// environment variable GRADUS_PRODUCTS (onednn, eigen) says otherwise.
bool uses_onednn();

// "oneDNN" or "Eigen", accordingly.
const char* product_library();

}  // namespace gradus::kernels
