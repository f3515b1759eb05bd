#include "experiments/workloads/burgers.h"

#include <cmath>
#include <numbers>

namespace gradus::workloads {

// u = - int sin(pi y) w(y) dy / int w(y) dy,  log w(y) = -cos(pi y) / (2 pi v) - (x - y)^2 / (4 v t),
// by trapezia as far as w is not below rounding, on the scale of its value at x.
double Burgers::solution(double x, double t, double viscosity) {
  constexpr double pi = std::numbers::pi;
  if (t == 0) return -std::sin(pi * x);
  constexpr double beyond_rounding = 40;
  constexpr int intervals = 500;
  const double reach = 2 * std::sqrt(viscosity * t * (1 / (pi * viscosity) + beyond_rounding));
  const auto weight = [&](double y) {
    return (std::cos(pi * x) - std::cos(pi * y)) / (2 * pi * viscosity) - (x - y) * (x - y) / (4 * viscosity * t);
  };
  double largest = 0;
  const auto place = [&](int i) { return x + reach * (2.0 * i / intervals - 1); };
  for (int i = 0; i <= intervals; ++i) largest = std::max(largest, weight(place(i)));
  double above = 0, below = 0;
  for (int i = 0; i <= intervals; ++i) {
    const double w = std::exp(weight(place(i)) - largest);
    above -= std::sin(pi * place(i)) * w;
    below += w;
  }
  return above / below;
}

}  // namespace gradus::workloads
