#include "optim/layerwise.h"

#include <cmath>

#include "autodiff/kernels/lane_sum.h"
#include "optim/curvature/vectors.h"

namespace gradus::optim {
namespace {

// The sum of term(x_i, ...).
template <class Term, class... Others>
double sum_over(const Term& term, const Tensor& x, const Others&... others) {
  double sum = 0;
  with_floating(x.dtype(), [&]<class T>(T) {
    const std::int64_t n = x.size();
    const auto run = [&](const auto*... pointers) {
      simd::run([=, &sum] GRADUS_LOOP() {
        sum = kernels::lane_sum_of<double>(
            n, [=](std::int64_t i)
                   __attribute__((always_inline)) { return term(static_cast<double>(pointers[i])...); });
      });
    };
    run(x.data<T>(), others.template data<T>()...);
  });
  return sum;
}

}  // namespace

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
