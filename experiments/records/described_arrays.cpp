#include "experiments/records/described_arrays.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <numeric>
#include <string>

#include "experiments/records/run_table.h"

namespace gradus::records {

h5::Array write_scale(h5::Node& group, const Index& index, std::span<const std::int64_t> values) {
  h5::Array scale = group.scale(index.name, values);
  scale.attribute("units", index.units);
  scale.attribute("long_name", index.long_name.empty() ? index.name : index.long_name);
  return scale;
}

h5::Array write_axis(h5::Node& group, const Column& column) {
  std::vector<std::int64_t> positions(static_cast<std::size_t>(column.length));
  std::iota(positions.begin(), positions.end(), 0);
  h5::Array axis = write_scale(group, {column.axis, column.axis_units, column.axis_long_name}, positions);
  if (!column.labels.empty()) group.texts(label_name(column.axis), column.labels, axis);
  return axis;
}

void describe(h5::Array& dataset, const Column& column) {
  dataset.attribute("units", column.units);
  dataset.attribute("long_name", column.long_name.empty() ? column.name : column.long_name);
  if (column.better != Better::neither) dataset.attribute("better", std::string(name_of(column.better)));
  if (column.draw != Draw::line) dataset.attribute("draw", std::string(name_of(column.draw)));
  if (!column.flags.empty()) {
    std::vector<std::int64_t> values(column.flags.size());
    std::iota(values.begin(), values.end(), 0);
    dataset.attribute("flag_values", values);
    dataset.attribute("flag_meanings", fmt::format("{}", fmt::join(column.flags, " ")));
  }
  if (!column.labels.empty()) dataset.attribute("coordinates", label_name(column.axis));
}

}  // namespace gradus::records
