#include "experiments/lab/instruments/warm_eigenpairs.h"

#include <cmath>
#include <limits>

#include "autodiff/tensor/vectors.h"

namespace gradus::lab {
namespace {

// So much of the start's length.
constexpr double random_part = 0.1;

}  // namespace

EigenPairs WarmEigenpairs::find(const LinearOperator& matrix, std::int64_t count, double tolerance,
                                std::int64_t max_products, RandomStream random) {
  LanczosOptions options{.count = count,
                         .wanted = Wanted::largest,
                         .tolerance = tolerance,
                         .max_products = max_products,
                         .repeated = false,
                         .vectors = true};
  if (start_.defined()) {
    const double length = vectors::norm(start_);
    vectors::add_normal(random_part * length / std::sqrt(static_cast<double>(matrix.size)), random, start_);
    options.start = start_;
  }
  EigenPairs found = lanczos(matrix, random, options);
  if (found.stopped == Stopped::not_finite) {
    const auto none = std::numeric_limits<double>::quiet_NaN();
    found.values.assign(static_cast<std::size_t>(count), none);
    found.residuals = found.values;
    found.vectors = Tensor::full({count, matrix.size}, none, matrix.type);
    start_ = Tensor();
    return found;
  }
  if (!start_.defined()) start_ = Tensor::uninitialized({matrix.size}, matrix.type);
  start_.fill(0);
  for (std::int64_t i = 0; i < count; ++i) vectors::axpy(1, found.vectors.part(i * matrix.size, {matrix.size}), start_);
  return found;
}

LinearOperator preconditioned(const LinearOperator& h, const Tensor& p) {
  const Tensor root = Tensor::uninitialized(p.shape(), p.dtype()), scaled = Tensor::uninitialized(p.shape(), p.dtype());
  with_floating(p.dtype(), [&]<class T>(T) {
    for (std::int64_t i = 0; i < p.size(); ++i) root.data<T>()[i] = 1 / std::sqrt(p.data<T>()[i]);
  });
  return {.size = h.size, .type = h.type, .times = [&h, root, scaled](const Tensor& v, const Tensor& out) {
            vectors::multiply(root, v, scaled);
            multiply(h, scaled, out);
            vectors::multiply(root, out, out);
          }};
}

}  // namespace gradus::lab
