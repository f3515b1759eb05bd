// Optimizers' published formulas, written out by another hand than the library's.
//
// The transcriptions were written from the papers, not from the library: one by one, in the paper's own variables, with
// gradients that are written out by hand. Where libraries differ (the place of epsilon, of the rate, of weight decay),
// they follow PyTorch's conventions unless they say otherwise. trajectories_test.cpp compares the library with them.
#pragma once

#include <algorithm>
#include <cmath>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "optim/optimizer.h"
#include "tests/optim/problem.h"

namespace gradus::optim {

constexpr int steps = 100;

using Path = std::vector<Vector>;  // theta after step 1, 2, ...

// A complete set of hyperparameters: those given, the others with their defaults.
struct Values {
  std::string optimizer;
  NamedValues given;
  double operator()(const std::string& name) const {
    for (const auto& [known, value] : given)
      if (known == name) return value.number();
    for (const Hyperparameter& h : method(optimizer).hyperparameters)
      if (h.name == name) return h.default_value;
    throw std::logic_error(optimizer + " has no " + name);
  }
};

inline Vector gradient_at(const Problem& problem, const Vector& theta) {
  Vector gradient(theta.size());
  problem.function(theta, gradient);
  return gradient;
}

struct Case {
  std::string name, optimizer;
  Path (*transcription)(const Problem&, const Values&);
  double rates[4];                                           // for each of problems()
  NamedValues given;                                         // apart from the rate
  enum class Of { theta, evaluation_point } of = Of::theta;  // what the transcription's path is of
  friend void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
};

// One list a file of this folder.
std::vector<Case> adam_cases();
std::vector<Case> averaging_cases();
std::vector<Case> descent_cases();
std::vector<Case> layerwise_cases();
std::vector<Case> matrix_cases();
std::vector<Case> moments_cases();
std::vector<Case> root_mean_square_cases();
std::vector<Case> sign_cases();

}  // namespace gradus::optim
