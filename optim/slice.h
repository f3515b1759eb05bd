// What optimizers call a part of theta.
#pragma once

#include "autodiff/tensor/parameter_slice.h"

namespace gradus::optim {

using Slice = ParameterSlice;

}  // namespace gradus::optim
