// A file with the parameters of a model and the state of its optimizer, from which training continues with the same
// bits (experiments/records/state_file.h). Its texts:
//   optimizer   what optim::signature says of the recipe; recipe  the caller's own description of it, as JSON
//   manifest    JSON: element type, slices of theta, names and shapes of the tensors
#pragma once

#include <filesystem>
#include <span>

#include "autodiff/tensor/parameter_slice.h"
#include "experiments/lab/loaded_state.h"
#include "optim/recipe.h"

namespace gradus::lab {

// Writes the file as a whole, or throws std::runtime_error with the path and leaves an old one as it is: also where a
// number of theta or of the state is not finite, since nothing can go on from there.
void save_state_file(const std::filesystem::path& path, const Tensor& theta, std::span<const ParameterSlice> slices,
                     const optim::Recipe& recipe, const optim::SavedState& state);

// Reads a file that belongs to this recipe and this model. Throws std::runtime_error, in one line with the path, for a
// file that cannot be read, is no state file or is damaged, and std::invalid_argument for one of another optimizer
// (method, wrappers, schedules, groups, or a count, flag or choice of theirs), another model (names or shapes of
// slices), another element type or, unless other numbers are allowed, other hyperparameters.
LoadedState load_state_file(const std::filesystem::path& path, std::span<const ParameterSlice> slices, DType type,
                            const optim::Recipe& recipe, bool allow_other_numbers = false);

}  // namespace gradus::lab
