#include "experiments/minimize/problem_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "experiments/minimize/data_file.h"
#include "settings/render.h"

namespace gradus {

namespace {

std::string list_of_problems() {
  static const std::vector<settings::Hyperparameter> none;
  std::string text = "Problems, --problem=NAME:\n";
  for (const problems::Problem& p : problems::problems())
    text += fmt::format("\n{}    {}\n", settings::as_text({p.name, p.source, p.formula, "", none}), p.formula);
  return text;
}

}  // namespace

ProblemOptions::ProblemOptions(lab::Run& run) {
  using problems::Uses;
  run.list("list-problems", "print every problem, and end", list_of_problems);
  const std::vector<std::string> separators{"automatic", "comma", "semicolon", "tab", "space"};  // as lab::Separator
  std::vector<std::string> names;
  for (const problems::Problem& p : problems::problems()) names.push_back(p.name);
  problem_ = &problems::problem(run.option("problem", "rosenbrock", "the function", lab::one_of(names)));
  request_.dtype = run.dtype();
  request_.seed = run.seed();
  request_.dimension =
      run.option("dimension", std::int64_t{0}, "number of variables; 0 for the problem's default", lab::at_least(0));
  start_ =
      run.option("start", "standard",
                 "standard, random, or numbers separated by commas (in a sweep, by '\\,'); one number stands for all",
                 lab::numbers_or("start", {"standard", "random"}));
  spread_ =
      run.option("start_spread", 1.0, "deviation of a random start's elements from the standard one", lab::at_least(0));
  if (problem_->looks_at(Uses::condition))
    request_.condition =
        run.option("condition", request_.condition, "largest over smallest eigenvalue", lab::at_least(1));
  if (problem_->looks_at(Uses::eigenvalues)) {
    const std::string text = run.option("eigenvalues", "", "separated by commas; empty: spread by --condition",
                                        lab::numbers_or("eigenvalues", {""}));
    if (!text.empty()) request_.eigenvalues = lab::parse_numbers("eigenvalues", text);
  }
  if (problem_->looks_at(Uses::rotate))
    request_.rotate = run.option("rotate", false, "turn the axes by a random orthogonal matrix");
  if (problem_->looks_at(Uses::noise))
    request_.noise = run.option("noise", request_.noise, "deviation of examples from the minimiser", lab::at_least(0));
  if (problem_->looks_at(Uses::batch_size))
    request_.batch_size =
        run.option("batch_size", std::int64_t{0}, "examples a step; 0 for the problem's default", lab::at_least(0));
  if (problem_->looks_at(Uses::l2)) request_.l2 = run.option("l2", 0.0, "weight of |theta|^2 / 2", lab::at_least(0));
  if (problem_->looks_at(Uses::model))
    request_.model = run.option("model", request_.model, "the curve", lab::one_of(problems::curve_models()));
  if (problem_->looks_at(Uses::data)) {
    data_ =
        run.option("data", "", "table of numbers (last column: target), or IDX images with --labels; empty: made data");
    labels_ = run.option("labels", "", "IDX labels");
    const std::string separator =
        run.option("data_separator", separators.front(), "between the columns of a table", lab::one_of(separators));
    separator_ =
        static_cast<lab::Separator>(std::find(separators.begin(), separators.end(), separator) - separators.begin());
    examples_ =
        run.option("examples", std::int64_t{0}, "how many examples of the file to take; 0 for all", lab::at_least(0));
    run.paths().reads("data", data_);
    run.paths().reads("labels", labels_);
  }
}

const problems::Request& ProblemOptions::load() {
  if (!labels_.empty() && data_.empty()) throw lab::UsageError("--labels: needs --data with the images");
  if (!data_.empty())
    request_.data = labels_.empty() ? read_table(data_, separator_, examples_) : read_images(data_, labels_, examples_);
  request_.dimension = problems::dimension_of(*problem_, request_);
  return request_;
}

Tensor ProblemOptions::start() const {
  const Tensor theta = problems::start_of(*problem_, request_);
  if (start_ == "standard") return theta;
  if (start_ == "random") {
    RandomStream random(request_.seed, "start");
    for (std::int64_t i = 0; i < theta.size(); ++i) theta.set(i, theta.at(i) + spread_ * random.normal());
    return theta;
  }
  const std::vector<double> numbers = lab::parse_numbers("start", start_);
  if (numbers.size() == 1)
    theta.fill(numbers[0]);
  else if (std::cmp_equal(numbers.size(), theta.size()))
    theta.copy_from(Tensor::of(theta.shape(), numbers));
  else
    throw lab::UsageError(fmt::format("--start={}: {} numbers, expected {}", start_, numbers.size(), theta.size()));
  for (std::size_t i = 0; i < numbers.size(); ++i)
    if (const double held = theta.at(static_cast<std::int64_t>(i));
        !std::isfinite(held) || (held == 0 && numbers[i] != 0))
      throw lab::UsageError(
          fmt::format("--start={}: {} is {} in {}", start_, numbers[i], held, name_of(theta.dtype())));
  return theta;
}

}  // namespace gradus
