// The state of an optimizer as named tensors, counters and numbers, in native precision, to be put back later.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

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

// The same of anything that shows itself to a visitor; `whose` serves messages.
using Shown = std::function<void(StateVisitor&)>;
SavedState save_state(const Shown& show);
void restore_state(const std::string& whose, const Shown& show, const SavedState& saved);
// Puts back what is shown under a saved name; the rest stays as it is, and all of it where a tensor that is there has
// another shape than the saved one: half a state is none. Returns the names of what stayed, of either side.
std::vector<std::string> restore_matching(const Shown& show, const SavedState& saved);

}  // namespace gradus::optim
