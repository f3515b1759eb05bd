// Dense matrix products: kernels::matmul of autodiff/tensor/matrix.h, and how it works.
#pragma once

#include <string>
#include <vector>

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
// With its version, and of oneDNN the number of the instruction set that it takes: "oneDNN 2.6.3, instructions 0x1ff".
std::string product_library_version();

// Bytes of the caches of the first, second and third level, by which Eigen cuts its products: the processor's, or those
// of the environment variable GRADUS_CACHES ("32768,1048576,37748736"). Throws std::invalid_argument for another text.
std::vector<std::int64_t> cache_sizes();

}  // namespace gradus::kernels
