// Between sequences with time first, [time, batch, features], and what comes before and after them.
#pragma once

#include "nn/layer.h"

namespace gradus::nn {

// [a, b, ..] -> [b, a, ..], as a copy.
Var swap_time(const Var& x);

// x[batch, time, features] -> [time, batch, features], as recurrent layers take it
struct TimeFirst {
  void declare(ParameterScope&) {}
  Var forward(Forward&, const Var& x) const { return swap_time(x); }
};

// x[time, batch, features] -> [batch, features] at the last time
struct LastStep {
  void declare(ParameterScope&) {}
  Var forward(Forward&, const Var& x) const;
};

}  // namespace gradus::nn
