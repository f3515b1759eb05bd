// Sizes of 2-D convolution and pooling: windows that move over images [batch, height, width, channels].
#pragma once

#include <cstdint>

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

}  // namespace kernels
}  // namespace gradus
