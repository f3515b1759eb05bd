// How straight the way is that the parameters go.
#pragma once

#include <memory>

#include "experiments/lab/instrument.h"

namespace gradus::lab {

struct PathOptions {
  std::int64_t every = 1;
  std::int64_t window = 20;

  static constexpr InstrumentDescription describe() {
    return {
        "path",
        "length of the path, distance from the start, share of the path that is undone, cosine of successive steps",
        "0",
        {settings::field<&PathOptions::every>(settings::at_least(1), "steps from one point of the path to the next"),
         settings::field<&PathOptions::window>(settings::at_least(2), "points from one share undone to the next")}};
  }
};

// The table "path": a row for each point of a path of straight legs, one from each measured step to the next. Every
// step is a leg where every is 1.
//   length    of all legs so far
//   distance  from the first point
//   undone    1 - distance / length over the last `window` legs, at each window-th point and NaN between: 0 along a
//             straight line, near 1 where steps take one another back
//   cosine    of the angle between the last leg and the one before it; NaN where there are no two of a length above 0
// It costs no gradient.
std::shared_ptr<Instrument> path(const PathOptions& options = {});

}  // namespace gradus::lab
