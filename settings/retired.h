// Names that hyperparameters had, for those who still give them.
#pragma once

#include <string_view>

namespace gradus::settings {

// What has taken the place of a hyperparameter that is no more; empty for other names.
constexpr std::string_view replacement_of(std::string_view name) {
  constexpr std::string_view drawn = "what a method draws follows the run's --seed, in C++ the stream it is made with";
  return name == "label_seed" || name == "probe_seed" || name == "seed" ? drawn : "";
}

}  // namespace gradus::settings
