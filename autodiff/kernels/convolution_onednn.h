// float32 convolution by oneDNN, on one thread.
#pragma once

#include "autodiff/kernels/window.h"
#include "autodiff/tensor/tensor.h"

namespace gradus::kernels {

// As the functions of convolution.h; false where oneDNN is missing or the slower way, and then nothing is done.
bool onednn_convolve(const Convolution& c, const Tensor& y, bool accumulate, const Tensor& x, const Tensor& w,
                     const Tensor* bias);
bool onednn_convolve_input_derivative(const Convolution& c, const Tensor& dx, bool accumulate, const Tensor& dy,
                                      const Tensor& w);
bool onednn_convolve_weight_derivative(const Convolution& c, const Tensor& dw, bool accumulate, const Tensor& x,
                                       const Tensor& dy);

}  // namespace gradus::kernels
