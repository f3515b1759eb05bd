// Working memory of kernels.
#pragma once

#include "autodiff/tensor/tensor.h"

namespace gradus::kernels {

// Memory of this thread for `count` elements, aligned to 64 bytes; undefined contents. It is kept, and grows to the
// largest use. Each use that must not disturb another has a tag of its own.
template <class Tag, class T>
T* scratch(std::int64_t count) {
  thread_local Tensor memory;
  if (!memory.defined() || memory.size() < count) memory = Tensor::uninitialized({count}, dtype_of<T>());
  return memory.data<T>();
}

}  // namespace gradus::kernels
