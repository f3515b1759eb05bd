#include "experiments/minimize/contour.h"

#include <algorithm>
#include <cmath>

namespace gradus {

Window window_around(const std::vector<std::vector<double>>& path, const std::vector<double>& start,
                     const std::vector<double>& minimiser) {
  constexpr double margin = 0.15, astray = 20;
  double scale = 1;
  for (const double x : start) scale = std::max(scale, std::abs(x));
  double low[2] = {start[0], start[1]}, high[2] = {start[0], start[1]};
  const auto include = [&](const std::vector<double>& point) {
    for (std::size_t i = 0; i < 2; ++i)
      if (!(std::abs(point[i] - start[i]) <= astray * scale)) return;
    for (std::size_t i = 0; i < 2; ++i) {
      low[i] = std::min(low[i], point[i]);
      high[i] = std::max(high[i], point[i]);
    }
  };
  for (const auto& point : path) include(point);
  if (!minimiser.empty()) include(minimiser);
  const double larger = std::max({high[0] - low[0], high[1] - low[1], 1e-3 * scale});
  for (std::size_t i = 0; i < 2; ++i) {
    // A path along one axis is not drawn in a slit.
    const double missing = std::max(0.0, 0.3 * larger - (high[i] - low[i])) / 2;
    low[i] -= missing + margin * larger;
    high[i] += missing + margin * larger;
  }
  return {low[0], high[0], low[1], high[1]};
}

void write_contour(lab::Run& run, optim::Objective& objective, const Window& window, std::int64_t size) {
  using records::Draw;
  lab::RunTable& table = run.table(
      "contour", {{.name = "x", .long_name = "first variable, along the columns of value", .draw = Draw::none},
                  {.name = "y", .long_name = "second variable, along the rows of value", .draw = Draw::none},
                  {.name = "value",
                   .long_name = "value[i, j] is at (x[j], y[i])",
                   .axis = "column",
                   .length = size,
                   .draw = Draw::none}});
  const auto at = [size](double low, double high, std::int64_t i) {
    return low + (high - low) * static_cast<double>(i) / static_cast<double>(size - 1);
  };
  const Tensor point = Tensor::zeros({2}, objective.dtype());
  std::vector<double> row;
  for (std::int64_t i = 0; i < size; ++i) {
    row = {at(window.x_low, window.x_high, i), at(window.y_low, window.y_high, i)};
    point.set(1, row[1]);
    for (std::int64_t j = 0; j < size; ++j) {
      point.set(0, at(window.x_low, window.x_high, j));
      objective.move_to(point);
      row.push_back(objective.value());
    }
    table.append(i, row);
  }
}

}  // namespace gradus
