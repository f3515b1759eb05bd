#include "autodiff/tensor/linear_operator.h"

#include <fmt/format.h>

#include <functional>
#include <stdexcept>
#include <string>

#include "autodiff/tensor/vectors.h"

namespace gradus {
namespace {

void require_vector(const char* name, const LinearOperator& a, const Tensor& v) {
  const int rank = v.defined() ? v.shape().rank() : 0;
  if ((rank != 1 && rank != 2) || v.shape()[rank - 1] != a.size || v.dtype() != a.type)
    throw std::invalid_argument(fmt::format("multiply: {} is {} of {}, expected [{}] of {}", name,
                                            v.shape().to_string(), name_of(v.dtype()), a.size, name_of(a.type)));
}

}  // namespace

void multiply(const LinearOperator& a, const Tensor& v, const Tensor& out) {
  if (!a) throw std::invalid_argument("multiply: operator without a product");
  require_vector("v", a, v);
  require_vector("out", a, out);
  if (v.shape() != out.shape())
    throw std::invalid_argument(
        fmt::format("multiply: v is {}, out {}", v.shape().to_string(), out.shape().to_string()));
  const auto end = [](const Tensor& t) { return static_cast<const char*>(t.raw()) + t.bytes(); };
  if (std::less<>()(v.raw(), end(out)) && std::less<>()(out.raw(), end(v)))
    throw std::invalid_argument("multiply: v and out share memory");
  a.times(v, out);
}

LinearOperator damped(const LinearOperator& a, double damping) {
  return {a.size, a.type, [&a, damping](const Tensor& v, const Tensor& out) {
            a.times(v, out);
            if (damping != 0) vectors::axpy(damping, v, out);
          }};
}

}  // namespace gradus
