#include "autodiff/curvature/orthonormal_basis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "autodiff/kernels/lane_sum.h"
#include "autodiff/kernels/simd.h"
#include "autodiff/tensor/vectors.h"

namespace gradus::curvature {
namespace {

constexpr std::int64_t chunk = 2048;  // so much of w stays in the first-level cache while the basis passes by

template <class T>
GRADUS_INLINE double dot_of(const T* x, const double* y, std::int64_t size) {
  return kernels::lane_sum_of<double>(
      size, [=](std::int64_t i) __attribute__((always_inline)) { return static_cast<double>(x[i]) * y[i]; });
}

// w -= Q Qᵀ w; adds Qᵀ w to the coefficients.
template <class T>
void project_out(const T* basis, std::int64_t count, std::int64_t size, double* w, double* inner,
                 double* coefficients) {
  simd::run([=] GRADUS_LOOP() {
    std::fill_n(inner, count, 0.0);
    for (std::int64_t first = 0; first < size; first += chunk) {
      const std::int64_t length = std::min(chunk, size - first);
      for (std::int64_t j = 0; j < count; ++j) inner[j] += dot_of(basis + j * size + first, w + first, length);
    }
    for (std::int64_t first = 0; first < size; first += chunk) {
      const std::int64_t length = std::min(chunk, size - first);
      for (std::int64_t j = 0; j < count; ++j) {
        const T* q = basis + j * size + first;
        for (std::int64_t i = 0; i < length; ++i) w[first + i] -= inner[j] * static_cast<double>(q[i]);
      }
    }
    for (std::int64_t j = 0; j < count; ++j) coefficients[j] += inner[j];
  });
}

}  // namespace

OrthonormalBasis::OrthonormalBasis(std::int64_t size, std::int64_t capacity, DType type)
    : vectors_(Tensor::uninitialized({capacity, size}, type)), size_(size) {}

Tensor OrthonormalBasis::operator[](std::int64_t i) const { return vectors_.part(i * size_, {size_}); }

double OrthonormalBasis::orthogonalize(std::span<double> w, std::vector<double>* coefficients) const {
  std::vector<double> inner(static_cast<std::size_t>(count_)), total(inner.size());
  double before = vectors::norm(w), after = before;
  for (int pass = 0; pass < 5 && count_ > 0 && before > 0; ++pass) {
    with_floating(vectors_.dtype(), [&]<class T>(T) {
      project_out(vectors_.data<T>(), count_, size_, w.data(), inner.data(), total.data());
    });
    after = vectors::norm(w);
    if (after > 0.7 * before) break;
    before = after;
  }
  if (coefficients) *coefficients = std::move(total);
  return after;
}

void OrthonormalBasis::append(std::span<const double> w, double length) {
  with_floating(vectors_.dtype(), [&]<class T>(T) {
    std::transform(w.begin(), w.end(), vectors_.data<T>() + count_ * size_,
                   [length](double x) { return static_cast<T>(x / length); });
  });
  ++count_;
}

void OrthonormalBasis::append_random(RandomStream& random) {
  std::vector<double> w(static_cast<std::size_t>(size_));
  for (int attempt = 0; attempt < 10; ++attempt) {
    for (double& x : w) x = random.normal();
    const double drawn = vectors::norm(w), left = orthogonalize(w);
    // Where little of the draw is left, that little must still be longer than the rounding of the basis.
    if (left > 1e-3 * drawn / std::sqrt(static_cast<double>(size_))) return append(w, left);
  }
  throw std::runtime_error(fmt::format("orthonormal basis: no direction left beside {} of {}", count_, size_));
}

void OrthonormalBasis::combine(const std::vector<double>& weights, std::int64_t kept) {
  constexpr std::int64_t columns = 256;
  std::vector<double> old(static_cast<std::size_t>(count_ * columns)), sum(columns);
  with_floating(vectors_.dtype(), [&]<class T>(T) {
    T* rows = vectors_.data<T>();
    for (std::int64_t first = 0; first < size_; first += columns) {
      const std::int64_t length = std::min(columns, size_ - first);
      for (std::int64_t j = 0; j < count_; ++j) std::copy_n(rows + j * size_ + first, length, old.data() + j * columns);
      for (std::int64_t i = 0; i < kept; ++i) {
        simd::run([&] GRADUS_LOOP() {
          std::fill(sum.begin(), sum.end(), 0.0);
          for (std::int64_t j = 0; j < count_; ++j) {
            const double weight = weights[static_cast<std::size_t>(i * count_ + j)], *from = old.data() + j * columns;
            double* to = sum.data();
            for (std::int64_t c = 0; c < length; ++c) to[c] += weight * from[c];
          }
        });
        std::transform(sum.data(), sum.data() + length, rows + i * size_ + first,
                       [](double x) { return static_cast<T>(x); });
      }
    }
  });
  count_ = kept;
}

}  // namespace gradus::curvature
