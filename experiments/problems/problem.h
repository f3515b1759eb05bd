// Functions to minimise, by name: each written once on the tape, so that gradient and curvature products are exact.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autodiff/tape.h"
#include "experiments/problems/tape_objective.h"
#include "settings/catalogue.h"

namespace gradus::problems {

// What a problem on data is about: inputs [n, features] and targets [n].
struct Data {
  Tensor inputs, targets;  // float64; they are converted to the problem's element type
  // Where a number is from, such as "points.csv: line 3, column 2", for whoever refuses it; column `features` is the
  // target. Nothing for data that are from no file.
  std::function<std::string(std::int64_t example, std::int64_t column)> place = nullptr;
};

// What may be asked of a problem. Each problem says which of these it looks at (Problem::uses).
struct Request {
  std::int64_t dimension = 0;  // 0: the problem's default
  DType dtype = DType::float64;
  double condition = 100;  // largest over smallest eigenvalue of a quadratic
  std::vector<double> eigenvalues =
      {};                             // of a quadratic; empty: spread evenly in the logarithm from 1 / condition to 1
  bool rotate = false;                // turn a quadratic's axes by a random orthogonal matrix
  double noise = 1;                   // standard deviation of the examples around the minimiser
  std::int64_t batch_size = 0;        // examples in a batch of a noisy problem; 0: the problem's default
  std::uint64_t seed = 0;             // of rotation, noise and data that are made
  double l2 = 0;                      // weight of |theta|^2 / 2 in logistic regression
  std::string model = "exponential";  // of curve_fit; one of curve_models()
  std::optional<Data> data = {};
};
enum class Uses { condition, eigenvalues, rotate, noise, batch_size, seed, l2, model, data };

// What is known about a problem's minimum.
struct Minimum {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  double value = unknown;          // the global minimum, as published; -inf if there is none
  std::vector<double> point = {};  // a minimiser (there may be others), or empty
};

struct Dimensions {
  std::int64_t standard;   // the default
  std::int64_t low, high;  // both included
  std::int64_t multiple_of = 1;
};
inline Dimensions fixed(std::int64_t n) { return {n, n, n}; }

struct Problem {
  std::string name;
  std::string formula;  // in plain text, one line
  std::string source;   // author (year), or where the definition and the start are from
  Dimensions dimensions;
  // The dimension is a valid one in both.
  std::function<std::vector<double>(std::int64_t dimension)> start;
  std::function<Minimum(std::int64_t dimension)> minimum;
  std::function<Formula(const Request& request)> make;
  std::vector<Uses> uses = {};
  // Of problems on data or with given eigenvalues: the dimension that follows from them, or 0.
  std::function<std::int64_t(const Request& request)> implied_dimension = nullptr;

  bool looks_at(Uses what) const;
};

// All problems, in a fixed order (registry.cpp).
const settings::Catalogue<Problem>& problems();
// Throws std::invalid_argument with the nearest name and the list.
const Problem& problem(const std::string& name);

// The models that curve_fit knows.
std::vector<std::string> curve_models();

// The dimension asked for, or the default. Throws std::invalid_argument, with the dimensions allowed, for another one.
std::int64_t dimension_of(const Problem& problem, const Request& request);

// The objective. Throws std::invalid_argument for a dimension or a value that the problem does not allow.
std::unique_ptr<TapeObjective> make_objective(const Problem& problem, const Request& request = {});
std::unique_ptr<TapeObjective> make_objective(const std::string& name, std::int64_t dimension = 0,
                                              DType dtype = DType::float64);

// The standard start as a vector of the request's element type.
Tensor start_of(const Problem& problem, const Request& request = {});

}  // namespace gradus::problems
