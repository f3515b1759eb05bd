// A function of two variables on a grid, to draw paths over.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "experiments/lab/run.h"
#include "experiments/problems/problem.h"

namespace gradus {

struct Window {
  double x_low, x_high, y_low, y_high;
};

// A window around the path, the start and the minimiser (if that is known), with a margin. Of a path that goes astray
// it shows the part near its start.
Window window_around(const std::vector<std::vector<double>>& path, const std::vector<double>& start,
                     const std::vector<double>& minimiser);

// The group /contour: x [size], y [size] and value [size, size], value[i, j] being at (x[j], y[i]).
void write_contour(lab::Run& run, optim::Objective& objective, const Window& window, std::int64_t size);

}  // namespace gradus
