// The products that one method spends: checked, counted, and handed over in double precision.
#pragma once

#include <cstdint>
#include <vector>

#include "autodiff/tensor/linear_operator.h"

namespace gradus::curvature {

class CountedProducts {
 public:
  // `caller` names the method in errors. Throws std::invalid_argument for an operator without rows, a product or a
  // floating type. The operator must outlive this.
  CountedProducts(const char* caller, const LinearOperator& a);

  // w = A v. False if the product, or its squared length, is not finite.
  [[nodiscard]] bool times(const Tensor& v, std::vector<double>& w);
  // The same; throws std::runtime_error instead.
  void finite_times(const Tensor& v, std::vector<double>& w);

  std::int64_t count() const { return count_; }
  // A length below this part of ‖A‖ is rounding: 32 units in the last place of the operator's type.
  double rounding() const { return a_.type == DType::float32 ? 32 * 0x1p-23 : 32 * 0x1p-52; }

 private:
  const char* caller_;
  const LinearOperator& a_;
  Tensor out_;
  std::int64_t count_ = 0;
};

}  // namespace gradus::curvature
