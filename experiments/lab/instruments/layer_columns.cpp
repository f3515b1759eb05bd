#include "experiments/lab/instruments/layer_columns.h"

#include "autodiff/tensor/vectors.h"

namespace gradus::lab {

records::Column layer_column(const Watched& watched, std::string name, std::string long_name) {
  records::Column column{.name = std::move(name), .long_name = std::move(long_name), .axis = "layer"};
  for (const ParameterSlice& slice : watched.objective.slices()) column.labels.push_back(slice.name);
  column.length = static_cast<std::int64_t>(column.labels.size());
  column.axis_long_name = "slice of the parameters";
  return column;
}

void append_layer_norms(const Watched& watched, const Tensor& vector, std::vector<double>& row) {
  for (const ParameterSlice& slice : watched.objective.slices()) row.push_back(vectors::norm(slice.of(vector)));
}

}  // namespace gradus::lab
