// The parameters of a model and the state of its optimizer, as a file has them that is to belong to both
// (optimizer_state.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "optim/state.h"

namespace gradus::lab {

struct LoadedState {
  Tensor theta;
  optim::SavedState state;
};

// What the file must say of itself.
struct ExpectedState {
  std::string optimizer;    // signature of the recipe
  nlohmann::json recipe;    // the same with its numbers,
  bool other_numbers;       // which may be others
  nlohmann::json slices;    // [{"name", "shape"}]
  std::int64_t parameters;  // in all of them
  DType type;
};

// Throws as load_state_file() does.
LoadedState read_optimizer_state(const std::filesystem::path& path, const ExpectedState& expected);

}  // namespace gradus::lab
