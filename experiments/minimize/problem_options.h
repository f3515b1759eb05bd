// The options of minimize that say which function is minimised, and from where.
#pragma once

#include <string>
#include <vector>

#include "experiments/lab/number_table.h"
#include "experiments/lab/run.h"
#include "experiments/problems/problem.h"

namespace gradus {

// What was asked for on the command line; files are read later.
class ProblemOptions {
 public:
  // Declares --problem and the options that this problem looks at.
  explicit ProblemOptions(lab::Run& run);

  const problems::Problem& problem() const { return *problem_; }
  // Reads the data, if there are any. Throws std::runtime_error for a bad file, std::invalid_argument for a bad
  // request.
  const problems::Request& load();
  // Whether a start was asked for.
  bool start_given() const { return start_ != "standard"; }
  // Where to start: as published, the numbers given, or random. After load().
  Tensor start() const;

 private:
  const problems::Problem* problem_;
  problems::Request request_;
  std::string start_, data_, labels_;
  double spread_;
  std::int64_t examples_ = 0;
  lab::Separator separator_ = lab::Separator::automatic;
};

}  // namespace gradus
