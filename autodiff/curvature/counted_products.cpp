#include "autodiff/curvature/counted_products.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "autodiff/curvature/orthonormal_basis.h"
#include "autodiff/tensor/vectors.h"

namespace gradus::curvature {

CountedProducts::CountedProducts(const char* caller, const LinearOperator& a) : caller_(caller), a_(a) {
  const std::string name = caller;
  if (a.size < 1) throw std::invalid_argument(fmt::format("{}: operator of size {}, expected 1 or more", name, a.size));
  if (a.type == DType::int32)
    throw std::invalid_argument(fmt::format("{}: operator of int32, expected float32 or float64", name));
  if (!a.times) throw std::invalid_argument(fmt::format("{}: operator without a product", name));
  out_ = Tensor::zeros({a.size}, a.type);
}

bool CountedProducts::times(const Tensor& v, std::vector<double>& w) {
  multiply(a_, v, out_);
  ++count_;
  w.resize(static_cast<std::size_t>(a_.size));
  with_floating(a_.type, [&]<class T>(T) { std::copy_n(out_.data<T>(), a_.size, w.begin()); });
  return std::isfinite(vectors::dot(w, w));
}

void CountedProducts::finite_times(const Tensor& v, std::vector<double>& w) {
  if (!times(v, w))
    throw std::runtime_error(fmt::format("{}: product {} with the operator is not finite", caller_, count_));
}

}  // namespace gradus::curvature
