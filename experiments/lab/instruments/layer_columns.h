// Columns of one number for each slice of the parameters.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "experiments/lab/instrument.h"

namespace gradus::lab {

// A vector along the axis "layer", whose places have the names of the slices: "0.weight", "0.bias", ...
records::Column layer_column(const Watched& watched, std::string name, std::string long_name);
// Appends the Euclidean norm of each slice's part of a vector.
void append_layer_norms(const Watched& watched, const Tensor& vector, std::vector<double>& row);

}  // namespace gradus::lab
