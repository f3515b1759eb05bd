// Kernels of pooling on images [batch, height, width, channels].
#pragma once

#include "autodiff/kernels/convolution.h"

namespace gradus::kernels {

// y[window] = u at the first largest x (or NaN) of the window; y += it. u may be x.
void take_at_pool_max(const Window2d& window, const Tensor& y, bool accumulate, const Tensor& u, const Tensor& x);
// Whether each pixel of x belongs to one window.
bool windows_tile(const Window2d& window, const Shape& x);
// y = zeros with g[window] added at the first largest x of each window; y += it. Where windows tile, y may be x.
void put_at_pool_max(const Window2d& window, const Tensor& y, bool accumulate, const Tensor& g, const Tensor& x);
// y[window] = the sum of the window times a factor; y += it.
void pool_sum(const Window2d& window, const Tensor& y, bool accumulate, const Tensor& x, double factor);
// y = zeros with factor g[window] added to each pixel of each window; y += it.
void pool_spread(const Window2d& window, const Tensor& y, bool accumulate, const Tensor& g, double factor);

}  // namespace gradus::kernels
