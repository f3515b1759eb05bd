// How a part of a run's state comes back in a fork.
#pragma once

namespace gradus::lab {

// A fork's options may be others than those of the run that it goes on from. In a run that is resumed all comes back.
enum class Fit {
  exact,    // as it was
  matching  // what has the same name, where all that is there has the same shape; the rest begins anew
};

}  // namespace gradus::lab
