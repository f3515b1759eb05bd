// The state of an optimizer as named tensors, counters and numbers, in native precision, to be put back later.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "autodiff/tensor/tensor.h"
#include "optim/optimizer.h"

namespace gradus::optim {

struct SavedState {
  std::map<std::string, Tensor> tensors;  // undefined where the optimizer has not made one yet
  std::map<std::string, std::int64_t> counters;
  std::map<std::string, double> numbers;
};

// A copy of everything that visit shows.
SavedState save_state(Optimizer& optimizer);
// Puts it back; the optimizer then continues with the same bits. Throws std::invalid_argument, naming them, for names
// that are missing or not expected; the optimizer is then as it was.
void restore_state(Optimizer& optimizer, const SavedState& saved);

// The same of what an objective remembers.
SavedState save_state(Objective& objective);
void restore_state(Objective& objective, const SavedState& saved);

}  // namespace gradus::optim
