#include "experiments/lab/csv_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "experiments/lab/number_table.h"

namespace gradus::lab {
namespace {

std::int32_t label_of(const NumberTable& table, std::int64_t row) {
  const double value = table.at(row, table.columns - 1);
  if (value != std::floor(value) || value < 0 || value > std::numeric_limits<std::int32_t>::max() - 1)
    throw std::runtime_error(
        fmt::format("{}: label {}, expected a whole number from 0", table.place(row, table.columns - 1), value));
  return static_cast<std::int32_t>(value);
}

Source read(const std::filesystem::path& path, LastColumn last) {
  const NumberTable table = read_number_table(path);
  const std::int64_t rows = table.rows(), features = table.columns - 1;
  if (features < 1)
    throw std::runtime_error(
        fmt::format("{}: one column, expected features and a last one for the target", path.string()));
  const bool has_labels = last == LastColumn::label;
  const Tensor inputs = Tensor::uninitialized({rows, features}, DType::float64);
  const Tensor targets =
      has_labels ? Tensor::uninitialized({rows}, DType::int32) : Tensor::uninitialized({rows, 1}, DType::float64);
  std::int32_t largest = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < features; ++column)
      inputs.set(row * features + column, table.at(row, column));
    if (has_labels)
      largest = std::max(largest, targets.data<std::int32_t>()[row] = label_of(table, row));
    else
      targets.set(row, table.at(row, features));
  }
  return source_of(inputs, targets, 0, has_labels ? largest + 1 : 0);
}

}  // namespace

Source csv_source(const std::filesystem::path& path, LastColumn last) {
  return Source::made_by([path, last] { return read(path, last); });
}

}  // namespace gradus::lab
