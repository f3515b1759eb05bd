#include "optim/curvature/vectors.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "autodiff/kernels/lane_sum.h"
#include "autodiff/kernels/largest.h"
#include "autodiff/kernels/simd.h"

namespace gradus::optim::vectors {
namespace {

// Calls f(i) for every element, vectorised.
template <class F>
void each(std::int64_t n, const F& f) {
  simd::run([=] GRADUS_LOOP() {
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) f(i);
  });
}

}  // namespace

double dot(const Tensor& x, const Tensor& y) {
  return with_floating(x.dtype(), [&]<class T>(T) {
    const T *a = x.data<T>(), *b = y.data<T>();
    const std::int64_t n = x.size();
    double sum = 0;
    simd::run([&] GRADUS_LOOP() {
      sum = kernels::lane_sum_of<double>(
          n, [=](std::int64_t i) { return static_cast<double>(a[i]) * static_cast<double>(b[i]); });
    });
    return sum;
  });
}

double norm(const Tensor& x) {
  using Limits = std::numeric_limits<double>;
  const double sum = dot(x, x);
  // Below this, squares that underflow may be a visible part of the sum.
  constexpr double smallest = Limits::min() / (Limits::epsilon() * Limits::epsilon());
  if (std::isfinite(sum) && sum >= smallest) return std::sqrt(sum);
  // The squares overflow or underflow where the numbers do not.
  return with_floating(x.dtype(), [&]<class T>(T) {
    double largest = 0, scaled = 0;
    for (const T element : x.elements<T>()) {
      if (std::isnan(element)) return static_cast<double>(element);
      largest = std::max(largest, std::abs(static_cast<double>(element)));
    }
    if (largest == 0 || std::isinf(largest)) return largest;
    for (const T element : x.elements<T>()) {
      const double share = static_cast<double>(element) / largest;
      scaled += share * share;
    }
    return largest * std::sqrt(scaled);
  });
}

void add(double a, const Tensor& x, const Tensor& y) { combine(y, a, x, y); }

void add_to_scaled(const Tensor& x, double a, const Tensor& y) { combine(x, a, y, y); }

void combine(const Tensor& x, double a, const Tensor& y, const Tensor& out) {
  with_floating(x.dtype(), [&]<class T>(T) {
    each(x.size(), [factor = static_cast<T>(a), from = x.data<T>(), other = y.data<T>(),
                    to = out.data<T>()](std::int64_t i) { to[i] = from[i] + factor * other[i]; });
  });
}

void scale(double a, const Tensor& x, const Tensor& out) {
  with_floating(x.dtype(), [&]<class T>(T) {
    each(x.size(), [factor = static_cast<T>(a), from = x.data<T>(), to = out.data<T>()](std::int64_t i) {
      to[i] = factor * from[i];
    });
  });
}

bool same(const Tensor& x, const Tensor& y) { return std::memcmp(x.raw(), y.raw(), x.bytes()) == 0; }

bool is_finite(const Tensor& x) {
  return with_floating(x.dtype(), [&]<class T>(T) {
    const T* a = x.data<T>();
    const std::int64_t n = x.size();
    bool finite = false;
    simd::run([&] GRADUS_LOOP() { finite = kernels::all_finite(a, n); });
    return finite;
  });
}

double epsilon(DType type) {
  return with_floating(type, []<class T>(T) { return static_cast<double>(std::numeric_limits<T>::epsilon()); });
}

double rounding(double value, DType type) { return 100 * epsilon(type) * std::abs(value); }

const Tensor& like(Tensor& memory, const Tensor& theta) {
  if (!memory.defined() || memory.shape() != theta.shape() || memory.dtype() != theta.dtype())
    memory = Tensor::uninitialized(theta.shape(), theta.dtype());
  return memory;
}

}  // namespace gradus::optim::vectors
