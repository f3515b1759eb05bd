// Examples that are drawn at random, each by a stream of its own, so that a row is the same whenever it is read.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "autodiff/tensor/random.h"
#include "experiments/lab/source.h"

namespace gradus::lab {

class Run;

struct Drawn {
  Layout inputs, targets;
  // Fills one example, whose numbers are 0 until then; whole numbers are written as doubles too.
  std::function<void(RandomStream& random, std::int64_t row, std::span<double> input, std::span<double> target)> draw;
};

// Row i is drawn by the i-th child of the stream.
Source drawn_source(Drawn what, RandomStream stream, std::int64_t examples = Examples::endless);

// To train on, examples without end, others for each seed of the run. For validation and to test, so many that are the
// same in every run.
Dataset drawn_dataset(const Run& run, const Drawn& what, std::int64_t evaluated = 1000);

}  // namespace gradus::lab
