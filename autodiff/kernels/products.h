// Dense matrix products: kernels::matmul of autodiff/tensor/matrix.h, and how it works.
#pragma once

#include <string>
#include <vector>

#include "autodiff/kernels/team.h"  // kernels::set_threads
#include "autodiff/tensor/matrix.h"

namespace gradus::kernels {

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

// A matrix w[m, n] that is a factor of several products: it is turned once, where each would do it again. Memory of
// this thread, of one such factor at a time.
class RepeatedFactor {
 public:
  RepeatedFactor(const Tensor& w, std::int64_t uses);
  // y = a w^T or y += a w^T, where a is [.., n].
  void multiply_transposed(const Tensor& y, bool accumulate, const Tensor& a) const {
    matmul(y, accumulate, a, false, factor_, !is_turned_);
  }

 private:
  Tensor factor_;
  bool is_turned_;
};

}  // namespace gradus::kernels
