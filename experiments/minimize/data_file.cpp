#include "experiments/minimize/data_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "experiments/lab/idx.h"

namespace gradus {

problems::Data read_table(const std::filesystem::path& path, lab::Separator separator, std::int64_t most) {
  const auto table = std::make_shared<const lab::NumberTable>(lab::read_number_table(path, separator, most));
  if (table->columns < 2)
    throw std::runtime_error(
        fmt::format("{}: line {}: one column, expected inputs and a target (--data-separator says "
                    "what stands between columns)",
                    path.string(), table->lines[0]));
  const std::int64_t n = table->rows(), features = table->columns - 1;
  problems::Data data{.inputs = Tensor::uninitialized({n, features}, DType::float64),
                      .targets = Tensor::uninitialized({n}, DType::float64),
                      .place = [table](std::int64_t row, std::int64_t column) { return table->place(row, column); }};
  double* input = data.inputs.data<double>();
  for (std::int64_t row = 0; row < n; ++row) {
    for (std::int64_t column = 0; column < features; ++column) *input++ = table->at(row, column);
    data.targets.data<double>()[row] = table->at(row, features);
  }
  return data;
}

problems::Data read_images(const std::filesystem::path& images, const std::filesystem::path& labels,
                           std::int64_t most) {
  const auto [pixels, classes] = lab::read_labelled_images(images, labels);
  const std::int64_t n = most > 0 ? std::min(most, pixels.shape[0]) : pixels.shape[0],
                     size = pixels.shape[1] * pixels.shape[2];
  problems::Data data{Tensor::uninitialized({n, size}, DType::float64), Tensor::uninitialized({n}, DType::float64)};
  const auto scaled = data.inputs.elements<double>();
  for (std::size_t i = 0; i < scaled.size(); ++i) scaled[i] = pixels.bytes[i] / 255.0;
  std::copy_n(classes.bytes.begin(), n, data.targets.data<double>());
  return data;
}

}  // namespace gradus
