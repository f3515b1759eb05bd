// Trainings that are expected to end at the edge of stability, for the tests (few steps) and the program (all).
#pragma once

#include <string>

#include "optim/description.h"

namespace gradus::lab {

struct Edge {
  std::string method;
  optim::NamedValues values;
  std::int64_t steps;
  std::int64_t settling;  // steps at the threshold that are not looked at
  std::uint64_t seed = 0;
};

struct Found {
  double threshold;
  std::int64_t reached;  // the first step at which the preconditioned sharpness was at the threshold
  double mean;           // of it, from `settling` steps later on
  std::int64_t rows;     // of which the mean was taken
};

// Trains a tanh network 784-64-64-10 on all of some images at once, by squared error, with a rate that warms up. Throws
// std::runtime_error with what went wrong.
Found train_to_the_edge(const Edge& edge, std::int64_t images);

}  // namespace gradus::lab
