#include "autodiff/tensor/vectors.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>

#include "autodiff/kernels/fused_pass.h"
#include "autodiff/kernels/largest.h"
#include "autodiff/kernels/simd.h"
#include "autodiff/kernels/team.h"
#include "autodiff/tensor/sums.h"

namespace gradus::vectors {
namespace {

// Calls f(i) for every element, vectorised.
template <class F>
void each(std::int64_t n, const F& f) {
  kernels::share_ranges(n, pass_range(n), [&f](std::int64_t first, std::int64_t end) {
    simd::run([=] GRADUS_LOOP() {
#pragma GCC ivdep
      for (std::int64_t i = first; i < end; ++i) f(i);
    });
  });
}

constexpr auto product = [](double a, double b) { return a * b; };
constexpr auto square = [](double a) { return a * a; };

template <class T>
double norm_of(const T* x, std::int64_t n) {
  using Limits = std::numeric_limits<double>;
  const double squares = sum(n, square, x);
  // Below this, squares that underflow may be a visible part of the sum.
  constexpr double smallest = Limits::min() / (Limits::epsilon() * Limits::epsilon());
  if (std::isfinite(squares) && squares >= smallest) return std::sqrt(squares);
  // The squares overflow or underflow where the numbers do not.
  double largest = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    if (std::isnan(x[i])) return static_cast<double>(x[i]);
    largest = std::max(largest, std::abs(static_cast<double>(x[i])));
  }
  if (largest == 0 || std::isinf(largest)) return largest;
  double scaled = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const double share = static_cast<double>(x[i]) / largest;
    scaled += share * share;
  }
  return largest * std::sqrt(scaled);
}

}  // namespace

double dot(const Tensor& x, const Tensor& y) { return sum_over(product, x, y); }

double dot(std::span<const double> x, std::span<const double> y) {
  return sum(std::ssize(x), product, x.data(), y.data());
}

double dot(const Tensor& x, std::span<const double> y) {
  return with_floating(
      x.dtype(), [&]<class T>(T) { return sum(x.size(), product, static_cast<const T*>(x.data<T>()), y.data()); });
}

double dot_with_difference(const Tensor& x, const Tensor& y, const Tensor& z) {
  return sum_over([](double a, double b, double c) { return a * (b - c); }, x, y, z);
}

double norm(const Tensor& x) {
  return with_floating(x.dtype(), [&]<class T>(T) { return norm_of<T>(x.data<T>(), x.size()); });
}

double norm(std::span<const double> x) { return norm_of(x.data(), std::ssize(x)); }

double norm_1(const Tensor& x) {
  return sum_over([](double a) { return a < 0 ? -a : a; }, x);
}

double sum_of_squares(const Tensor& x) { return sum_over(square, x); }

double root_mean_square(const Tensor& x) {
  return x.size() == 0 ? 0 : std::sqrt(sum_of_squares(x) / static_cast<double>(x.size()));
}

void axpy(double a, const Tensor& x, const Tensor& y) { add_scaled(y, a, x, y); }

void add_scaled(const Tensor& x, double a, const Tensor& y, const Tensor& out) {
  with_floating(x.dtype(), [&]<class T>(T) {
    each(x.size(), [factor = static_cast<T>(a), from = x.data<T>(), other = y.data<T>(),
                    to = out.data<T>()](std::int64_t i) { to[i] = from[i] + factor * other[i]; });
  });
}

void scale(double a, const Tensor& x) { scale(a, x, x); }

void scale(double a, const Tensor& x, const Tensor& out) {
  with_floating(x.dtype(), [&]<class T>(T) {
    each(x.size(), [factor = static_cast<T>(a), from = x.data<T>(), to = out.data<T>()](std::int64_t i) {
      to[i] = factor * from[i];
    });
  });
}

void multiply(const Tensor& x, const Tensor& y, const Tensor& out) {
  with_floating(x.dtype(), [&]<class T>(T) {
    each(x.size(), [a = x.data<T>(), b = y.data<T>(), to = out.data<T>()](std::int64_t i) { to[i] = a[i] * b[i]; });
  });
}

void add_normal(double a, RandomStream& random, const Tensor& x) {
  with_floating(x.dtype(), [&]<class T>(T) {
    for (T& element : x.elements<T>()) element += static_cast<T>(a * random.normal());
  });
}

bool same(const Tensor& x, const Tensor& y) { return std::memcmp(x.raw(), y.raw(), x.bytes()) == 0; }

bool is_finite(const Tensor& x) {
  return with_floating(x.dtype(), [&]<class T>(T) {
    const T* a = x.data<T>();
    std::atomic<bool> all{true};
    kernels::share_ranges(x.size(), pass_range(x.size()), [&all, a](std::int64_t first, std::int64_t end) {
      bool finite = false;
      simd::run([&] GRADUS_LOOP() { finite = kernels::all_finite(a + first, end - first); });
      if (!finite) all = false;
    });
    return all.load();
  });
}

double epsilon(DType type) {
  return with_floating(type, []<class T>(T) { return static_cast<double>(std::numeric_limits<T>::epsilon()); });
}

double rounding(double value, DType type) { return 100 * epsilon(type) * std::abs(value); }

const Tensor& shaped(Tensor& memory, const Shape& shape, DType type) {
  if (!memory.defined() || memory.shape() != shape || memory.dtype() != type)
    memory = Tensor::uninitialized(shape, type);
  return memory;
}

const Tensor& like(Tensor& memory, const Tensor& theta) { return shaped(memory, theta.shape(), theta.dtype()); }

}  // namespace gradus::vectors
