// A mean over independent random samples, and how far it may be off.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace gradus {

struct Estimate {
  double value = 0;
  // The sample standard deviation over the root of the number of samples; NaN for a single sample.
  double standard_error = 0;
};

// The mean of a growing sample, by the update of Welford (1962).
class RunningMean {
 public:
  void add(double x) {
    const double before = x - mean_;
    mean_ += before / static_cast<double>(++count_);
    squares_ += before * (x - mean_);
  }
  // Of one sample or more.
  Estimate estimate() const {
    const auto n = static_cast<double>(count_);
    return {mean_, count_ > 1 ? std::sqrt(squares_ / (n - 1) / n) : std::numeric_limits<double>::quiet_NaN()};
  }

 private:
  double mean_ = 0, squares_ = 0;
  std::int64_t count_ = 0;
};

}  // namespace gradus
