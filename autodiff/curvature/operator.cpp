#include "autodiff/curvature/operator.h"

#include <functional>
#include <stdexcept>
#include <string>

namespace gradus {
namespace {

void require_vector(const char* name, const SymmetricOperator& a, const Tensor& v) {
  if (!v.defined() || v.shape() != Shape{a.size} || v.dtype() != a.type)
    throw std::invalid_argument(std::string("multiply: ") + name + " is " + v.shape().to_string() + " of " +
                                name_of(v.dtype()) + ", expected [" + std::to_string(a.size) + "] of " +
                                name_of(a.type));
}

}  // namespace

void multiply(const SymmetricOperator& a, const Tensor& v, const Tensor& out) {
  if (!a.times) throw std::invalid_argument("multiply: operator without a product");
  require_vector("v", a, v);
  require_vector("out", a, out);
  const auto end = [](const Tensor& t) { return static_cast<const char*>(t.raw()) + t.bytes(); };
  if (std::less<>()(v.raw(), end(out)) && std::less<>()(out.raw(), end(v)))
    throw std::invalid_argument("multiply: v and out share memory");
  a.times(v, out);
}

}  // namespace gradus
