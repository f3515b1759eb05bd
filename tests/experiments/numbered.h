// Examples that say where they come from: input i is [i, -i], target i the label i modulo the classes.
#pragma once

#include "experiments/lab/source.h"

namespace gradus::lab {

inline Source numbered(std::int64_t n, std::int64_t classes = 1000) {
  const Tensor inputs = Tensor::uninitialized({n, 2}, DType::float64),
               labels = Tensor::uninitialized({n}, DType::int32);
  for (std::int64_t i = 0; i < n; ++i) {
    inputs.set(2 * i, static_cast<double>(i));
    inputs.set(2 * i + 1, -static_cast<double>(i));
    labels.set(i, static_cast<double>(i % classes));
  }
  return source_of(inputs, labels, 0, classes);
}

}  // namespace gradus::lab
