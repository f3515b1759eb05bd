// The value without schedule.
#pragma once

#include "optim/schedules/shapes.h"

namespace gradus::optim {

struct Constant {
  static constexpr Description describe() { return {"constant", "", "base", "", {}}; }
  double at(std::int64_t, double base) const { return base; }
};

}  // namespace gradus::optim
