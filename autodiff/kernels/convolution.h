// Kernels of 2-D convolution on images [batch, height, width, channels].
#pragma once

#include "autodiff/tensor.h"

namespace gradus {

// Along height and width: an extent, a stride, a padding.
struct Extent2d {
  std::int64_t height, width;
  friend bool operator==(const Extent2d&, const Extent2d&) = default;
};

// How a kernel moves over an image: its extent, its step, and the zeros before the first and after the last row and
// column.
struct Window2d {
  Extent2d kernel{1, 1}, stride{1, 1}, before{0, 0}, after{0, 0};
  friend bool operator==(const Window2d&, const Window2d&) = default;
  // How many places it has on an image; it must fit.
  Extent2d places(const Extent2d& image) const {
    return {(image.height + before.height + after.height - kernel.height) / stride.height + 1,
            (image.width + before.width + after.width - kernel.width) / stride.width + 1};
  }
};

namespace kernels {

// The sizes of y[batch, places, out_channels] = x[batch, image, in_channels] * w[kernel, in_channels / groups,
// out_channels]. Channels of group g of y see those of group g of x.
struct Convolution {
  Window2d window;
  std::int64_t batch;
  Extent2d image, places;
  std::int64_t in_channels, out_channels, groups;
  friend bool operator==(const Convolution&, const Convolution&) = default;
};

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

}  // namespace kernels
}  // namespace gradus
