// How state is shown, by name: to count it, to save it, or to restore it.
#pragma once

#include <cstdint>
#include <string_view>

#include "autodiff/tensor/tensor.h"

namespace gradus::optim {

// A place that state is shown to. What is undefined or absent so far is shown all the same.
class StateVisitor {
 public:
  virtual ~StateVisitor() = default;
  virtual void tensor(std::string_view name, Tensor& value) = 0;
  virtual void counter(std::string_view name, std::int64_t& value) = 0;
  virtual void number(std::string_view name, double& value) = 0;

  // A flag and an unsigned number are counters.
  template <class Whole>
  void whole(std::string_view name, Whole& value) {
    auto as_counter = static_cast<std::int64_t>(value);
    counter(name, as_counter);
    value = static_cast<Whole>(as_counter);
  }
};

}  // namespace gradus::optim
