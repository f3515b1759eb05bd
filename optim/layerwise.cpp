#include "optim/layerwise.h"

#include <cmath>

#include "optim/curvature/vectors.h"
#include "optim/sums.h"

namespace gradus::optim {
double sum_of_squares(const Tensor& x) {
  return sum_over([](double a) { return a * a; }, x);
}
double sum_of_sizes(const Tensor& x) {
  return sum_over([](double a) { return a < 0 ? -a : a; }, x);
}
double dot_with_difference(const Tensor& x, const Tensor& y, const Tensor& z) {
  return sum_over([](double a, double b, double c) { return a * (b - c); }, x, y, z);
}
double norm(const Tensor& x) { return vectors::norm(x); }
double root_mean_square(const Tensor& x) {
  return x.size() == 0 ? 0 : std::sqrt(sum_of_squares(x) / static_cast<double>(x.size()));
}

}  // namespace gradus::optim
