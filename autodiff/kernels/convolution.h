// Kernels of 2-D convolution on images [batch, height, width, channels].
#pragma once

#include "autodiff/kernels/window.h"
#include "autodiff/tensor/tensor.h"

namespace gradus::kernels {

// Each writes its result or adds it onto what is there. All elements are of one type, float32 or float64.
// y = x * w, plus `bias` [out_channels] if it is not null.
void convolve(const Convolution& c, const Tensor& y, bool accumulate, const Tensor& x, const Tensor& w,
              const Tensor* bias);
// dx, for a cotangent dy of y.
void convolve_input_derivative(const Convolution& c, const Tensor& dx, bool accumulate, const Tensor& dy,
                               const Tensor& w);
// dw, for a cotangent dy of y.
void convolve_weight_derivative(const Convolution& c, const Tensor& dw, bool accumulate, const Tensor& x,
                                const Tensor& dy);
// The pixels under the kernel at places first, first + 1, ... (of all images, in the order of y), one row of `patches`
// [count, kernel * in_channels] each; one group.
void convolution_patches(const Convolution& c, const Tensor& x, std::int64_t first, const Tensor& patches);

}  // namespace gradus::kernels
