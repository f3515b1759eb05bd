// Text to be classified by its words, where words and classes are as unequal as in language: both follow Zipf's law, of
// which Kunstner et al. (2024) show that it makes sign-like methods faster than gradient descent.
#pragma once

#include "experiments/lab/drawn_source.h"
#include "experiments/workloads/class_metrics.h"
#include "experiments/workloads/mlp.h"
#include "experiments/workloads/models.h"
#include "experiments/workloads/workload.h"
#include "nn/losses.h"

namespace gradus::workloads {

// A class k of K has the probability 1/k, over the sum; a word of rank r, 1/r. A text has so many words, of which a
// half are of the language, in its order of ranks, and a half of its class, whose ranks are in an order of their own.
struct WordTable {
  std::int64_t words = 1000, classes = 100, length = 20;
  // Inputs [words]: how often each occurs; and the class.
  lab::Drawn examples() const;
};

struct ZipfWords {
  static constexpr const char* name = "zipf-words";
  static constexpr const char* summary =
      "sparse counts of words, classes and words by Zipf's law, generated (after Kunstner et al. 2024)";

  Model model = Mlp{.hidden = {}, .initializer = "zeros"};
  WordTable texts = {};
  std::int64_t rows = 10000;
  lab::Plan plan = {.budget = {lab::epochs(20)}, .batch_size = 100};

  lab::Workload make(lab::Run& run) const;
};

}  // namespace gradus::workloads
