// Saved state (optim/state.h) as part of a state file.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "autodiff/tensor/shape.h"
#include "experiments/records/state_file.h"
#include "optim/state.h"

namespace gradus::lab {

// Refers to the state's memory. The manifest, which is to be among the file's texts, says what is in the file.
void put_state(records::StateContents& contents, nlohmann::json& manifest, const optim::SavedState& state);
// Throws nlohmann::json::exception or std::invalid_argument for another manifest, and std::runtime_error for what the
// file does not hold so.
optim::SavedState read_state(const records::StateFile& file, const nlohmann::json& manifest);

std::vector<std::int64_t> extents_of(const Shape& shape);
records::StoredArray stored(const Tensor& tensor);
// Of a group, "" for the root.
Tensor read_tensor(const records::StateFile& file, const std::string& group, const std::string& name,
                   const Shape& shape, DType type);

}  // namespace gradus::lab
