#include "autodiff/operations/pooling.h"

#include "autodiff/kernels/pooling.h"

namespace gradus {
namespace {

Shape pooled(const char* operation, const Shape& x, const Window2d& window) {
  check_window(operation, x, window);
  const Extent2d places = window.places({x[1], x[2]});
  return {x[0], places.height, places.width, x[3]};
}

double per_pixel(const Window2d& window) {
  return 1.0 / static_cast<double>(window.kernel.height * window.kernel.width);
}

}  // namespace

Shape ops::TakeAtPoolMax::shape(Inputs in) const {
  require_equal_shapes(title, in[0].shape(), in[1].shape());
  return pooled(title, in[1].shape(), window);
}
void ops::TakeAtPoolMax::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::take_at_pool_max(window, out, accumulate, in[0], in[1]);
}

Shape ops::PutAtPoolMax::shape(Inputs in) const {
  if (const Shape maxima = pooled(title, in[1].shape(), window); in[0].shape() != maxima)
    bad_shapes(title, {in[0].shape()}, maxima.to_string() + " for the maxima of " + in[1].shape().to_string());
  return in[1].shape();
}
bool ops::PutAtPoolMax::can_overwrite(const Shape& x) const { return kernels::windows_tile(window, x); }
void ops::PutAtPoolMax::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::put_at_pool_max(window, out, accumulate, in[0], in[1]);
}

Shape ops::MaxPool2d::shape(Inputs in) const { return pooled(title, in[0].shape(), window); }
void ops::MaxPool2d::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::take_at_pool_max(window, out, accumulate, in[0], in[0]);
}

Shape ops::SpreadPool2d::shape(Inputs in) const {
  const Shape& g = in[0].shape();
  if (g.rank() != 4) bad_shapes(title, {g}, "[batch, height, width, channels]");
  const Shape x{g[0], image.height, image.width, g[3]};
  if (const Shape places = pooled(title, x, window); g != places)
    bad_shapes(title, {g}, places.to_string() + " for windows on " + x.to_string());
  return x;
}
void ops::SpreadPool2d::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::pool_spread(window, out, accumulate, in[0], per_pixel(window));
}

Shape ops::AvgPool2d::shape(Inputs in) const { return pooled(title, in[0].shape(), window); }
void ops::AvgPool2d::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::pool_sum(window, out, accumulate, in[0], per_pixel(window));
}

template class Operation<ops::TakeAtPoolMax>;
template class Operation<ops::PutAtPoolMax>;
template class Operation<ops::MaxPool2d>;
template class Operation<ops::SpreadPool2d>;
template class Operation<ops::AvgPool2d>;

}  // namespace gradus
