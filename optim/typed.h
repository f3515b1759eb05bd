// Methods that are more than a formula for one element: an aggregate M of hyperparameters with M::describe(), and a
// class of their own, which a function  std::unique_ptr<Optimizer> make(const M&, const RandomStream&)  makes.
#pragma once

#include <string>

#include "optim/first_order.h"

namespace gradus::optim {

// An optimizer with hyperparameters h, as they are now.
template <class M, class Base = Optimizer>
class OptimizerOf : public Base {
 public:
  // Throws std::invalid_argument for a member out of its range.
  explicit OptimizerOf(const M& method) : h(method) { settings::check_values(std::string(about<M>().name), method); }
  double* number(std::string_view name) override { return settings::number_of(h, name); }

 protected:
  M h;
};

template <class M>
using FirstOrderOf = OptimizerOf<M, FirstOrder>;

}  // namespace gradus::optim
