// What a table's index, axes and columns say of themselves in an HDF5 file.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "experiments/records/column.h"
#include "experiments/records/hdf5.h"

namespace gradus::records {

h5::Array write_scale(h5::Node& group, const Index& index, std::span<const std::int64_t> values);
// The places 0, 1, ... of a column's vectors, and what they are called.
h5::Array write_axis(h5::Node& group, const Column& column);
void describe(h5::Array& dataset, const Column& column);

}  // namespace gradus::records
