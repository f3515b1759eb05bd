// float32 convolution with 3x3 and 5x5 kernels in steps of one by short products of polynomials, which need 4 and 6.25
// times fewer multiplications than the definition. Winograd (1980); Lavin & Gray (2016), "Fast algorithms for
// convolutional neural networks". The root mean square of the rounding errors, relative to that of the results, is
// below 2e-6 for 3x3 kernels and 4e-6 for 5x5 ones, against 0.3 to 0.8e-6 for the definition.
#pragma once

#include "autodiff/kernels/window.h"
#include "autodiff/tensor/tensor.h"

namespace gradus::kernels {

// As the functions of convolution.h; false where the method does not apply or is not the fastest, and then nothing is
// done.
bool winograd_convolve(const Convolution& c, const Tensor& y, bool accumulate, const Tensor& x, const Tensor& w,
                       const Tensor* bias);
bool winograd_convolve_input_derivative(const Convolution& c, const Tensor& dx, bool accumulate, const Tensor& dy,
                                        const Tensor& w);
bool winograd_convolve_weight_derivative(const Convolution& c, const Tensor& dw, bool accumulate, const Tensor& x,
                                         const Tensor& dy);

}  // namespace gradus::kernels
