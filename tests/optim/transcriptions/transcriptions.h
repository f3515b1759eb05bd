// Optimizers' published formulas, written out by another hand than the library's.
//
// The transcriptions were written from the papers, not from the library: one by one, in the paper's own variables, with
// gradients that are written out by hand. Where libraries differ (the place of epsilon, of the rate, of weight decay),
// they follow PyTorch's conventions unless they say otherwise. trajectories_test.cpp compares the library with them.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "optim/optimizer.h"
#include "tests/optim/problem.h"

namespace gradus::optim {

constexpr int steps = 100;

using Path = std::vector<Vector>;  // theta after step 1, 2, ...

// Of the hyperparameters of a method. The papers' values where they give any, PyTorch's otherwise; RMSprop's epsilon is
// Keras's.
using Defaults = std::map<std::string, double>;
inline const Defaults& documented_defaults(const std::string& method);

// A complete set of hyperparameters: those given, the others with their defaults.
struct Values {
  std::string optimizer;
  NamedValues given;
  double operator()(const std::string& name) const {
    for (const auto& [known, value] : given)
      if (known == name) return value.number();
    return documented_defaults(optimizer).at(name);
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

// What a file of this folder has.
struct Transcriptions {
  std::vector<Case> cases;
  std::map<std::string, Defaults> defaults;  // of each method
};
Transcriptions adam();
Transcriptions averaging();
Transcriptions descent();
Transcriptions layerwise();
Transcriptions matrix();
Transcriptions moments();
Transcriptions root_mean_square();
Transcriptions sign();

inline const std::vector<Transcriptions>& transcriptions() {
  static const std::vector<Transcriptions> all{adam(),   averaging(), descent(),          layerwise(),
                                               matrix(), moments(),   root_mean_square(), sign()};
  return all;
}
inline const Defaults& documented_defaults(const std::string& method) {
  for (const Transcriptions& part : transcriptions())
    if (const auto found = part.defaults.find(method); found != part.defaults.end()) return found->second;
  throw std::logic_error(method + " has no defaults in tests/optim/transcriptions");
}

}  // namespace gradus::optim
