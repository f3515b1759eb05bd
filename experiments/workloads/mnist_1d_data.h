// MNIST-1D of Greydanus & Kobak (2024): ten digits as curves of 12 points, each padded, stretched, shifted, noisy and
// sheared at random, at 40 places. Made by the authors' recipe, number by number: what their Python makes of a seed,
// this makes of it up to rounding.
#pragma once

#include <cstdint>
#include <vector>

#include "experiments/lab/source.h"

namespace gradus::workloads {

struct Mnist1d {
  static constexpr std::int64_t points = 40, classes = 10;
  std::vector<double> inputs;         // [examples, 40], of mean 0 and variance 1 over all
  std::vector<std::int32_t> targets;  // [examples] digits
};

// As many examples, in a random order, of which each digit has a tenth: the authors' make_dataset() with that seed.
// Throws std::invalid_argument for a count that cannot be divided by ten.
Mnist1d make_mnist_1d(std::uint32_t seed, std::int64_t examples);

// The authors' 4,000 to train on and 1,000 to test (seed 42), and 5,000 for validation (seed 43).
lab::Dataset mnist_1d();
// With 20,000 to test (seed 44).
lab::Dataset mnist_1d_large();
// With a training set without end: 5,000 of seed 45, then of 46, ...
lab::Dataset mnist_1d_endless();

// In which order shuffled points stand: RandomState(42).permutation(40).
std::vector<std::int32_t> mnist_1d_shuffled();

}  // namespace gradus::workloads
