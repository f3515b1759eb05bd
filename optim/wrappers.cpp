// Every wrapper that can be asked for by name: a declaration and a place in the list each.
#include <stdexcept>

#include "optim/wrapper.h"

namespace gradus::optim {

// wrappers/NAME.cpp
WrapperKind asam_wrapper();
WrapperKind clip_by_norm_wrapper();
WrapperKind clip_by_value_wrapper();
WrapperKind decoupled_weight_decay_wrapper();
WrapperKind ema_wrapper();
WrapperKind gradient_accumulation_wrapper();
WrapperKind gradient_noise_wrapper();
WrapperKind l1_penalty_wrapper();
WrapperKind l2_penalty_wrapper();
WrapperKind lookahead_wrapper();
WrapperKind parameter_noise_wrapper();
WrapperKind proximal_l1_wrapper();
WrapperKind sam_wrapper();
WrapperKind swa_wrapper();

const std::vector<WrapperKind>& wrappers() {
  static const std::vector<WrapperKind> all = {
      clip_by_norm_wrapper(),
      clip_by_value_wrapper(),
      gradient_noise_wrapper(),
      l2_penalty_wrapper(),
      l1_penalty_wrapper(),
      proximal_l1_wrapper(),
      decoupled_weight_decay_wrapper(),
      sam_wrapper(),
      asam_wrapper(),
      parameter_noise_wrapper(),
      lookahead_wrapper(),
      ema_wrapper(),
      swa_wrapper(),
      gradient_accumulation_wrapper(),
  };
  return all;
}

const WrapperKind& wrapper(const std::string& name) {
  std::vector<std::string> names;
  for (const WrapperKind& candidate : wrappers()) {
    if (candidate.name == name) return candidate;
    names.push_back(candidate.name);
  }
  throw std::invalid_argument("unknown wrapper '" + name + "': " + choices_text(name, names));
}

}  // namespace gradus::optim
