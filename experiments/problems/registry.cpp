// The list of all problems, and how one is made by name.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "experiments/problems/definitions.h"

namespace gradus::problems {
namespace {

std::vector<Problem> all_problems() {
  std::vector<Problem> all;
  for (auto family :
       {quadratic_problems, stochastic_quadratic_problems, valley_problems, plane_problems, multimodal_problems,
        more_small_problems, more_fit_problems, more_variable_problems, regression_problems})
    for (Problem& one : family()) all.push_back(std::move(one));
  return all;
}

std::string allowed(const Dimensions& d) {
  if (d.low == d.high) return std::to_string(d.low);
  std::string text = d.multiple_of > 1 ? "a multiple of " + std::to_string(d.multiple_of) + " from " : "from ";
  return text + std::to_string(d.low) + " to " + std::to_string(d.high);
}

}  // namespace

bool Problem::looks_at(Uses what) const { return std::find(uses.begin(), uses.end(), what) != uses.end(); }

const settings::Catalogue<Problem>& problems() {
  static const settings::Catalogue<Problem> all("problem", all_problems());
  return all;
}

const Problem& problem(const std::string& name) { return problems().find(name); }

std::int64_t dimension_of(const Problem& problem, const Request& request) {
  const std::int64_t implied = problem.implied_dimension ? problem.implied_dimension(request) : 0;
  const std::int64_t asked = request.dimension;
  if (implied > 0) {
    if (asked > 0 && asked != implied)
      throw std::invalid_argument(
          fmt::format("{}: dimension {}, expected {}, which follows from the eigenvalues, data or model given",
                      problem.name, asked, implied));
    return implied;
  }
  const Dimensions& d = problem.dimensions;
  if (asked == 0) return d.standard;
  if (asked < d.low || asked > d.high || asked % d.multiple_of != 0)
    throw std::invalid_argument(fmt::format("{}: dimension {}, expected {}", problem.name, asked, allowed(d)));
  return asked;
}

std::unique_ptr<TapeObjective> make_objective(const Problem& problem, const Request& request) {
  Request complete = request;
  complete.dimension = dimension_of(problem, request);
  if (complete.batch_size < 0)
    throw std::invalid_argument(fmt::format("{}: batches of {} examples", problem.name, complete.batch_size));
  return std::make_unique<TapeObjective>(problem.make(complete), complete.dimension, complete.dtype);
}

std::unique_ptr<TapeObjective> make_objective(const std::string& name, std::int64_t dimension, DType dtype) {
  Request request;
  request.dimension = dimension;
  request.dtype = dtype;
  return make_objective(problem(name), request);
}

Tensor start_of(const Problem& problem, const Request& request) {
  return constants(request.dtype, problem.start(dimension_of(problem, request)));
}

}  // namespace gradus::problems
