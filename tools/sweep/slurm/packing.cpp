#include "tools/sweep/slurm/packing.h"

#include <algorithm>
#include <cmath>

namespace gradus::sweep {
namespace {

constexpr double usual = 300, least = 30;  // seconds of a task
constexpr double start = 0.1;              // of a program, beside what the run tells
constexpr double guess = 10;               // of a run of which nothing is known

}  // namespace

void Packing::learn(double seconds) {
  if (!(seconds > 0)) return;
  seconds_ += seconds;
  ++known_;
}

std::size_t Packing::runs_of_task(std::size_t runs, std::size_t places) const {
  if (fixed_ > 0) return static_cast<std::size_t>(fixed_);
  if (known_ == 0 && runs <= few_) return static_cast<std::size_t>(at_a_time_);  // each may last for hours
  const double each = (known_ > 0 ? seconds_ / static_cast<double>(known_) : guess) + start;
  const auto fitting = [&](double seconds) {
    return static_cast<std::size_t>(std::clamp(seconds * at_a_time_ / each, 1.0, 1e6));
  };
  // Half of the limit: runs differ in what they take.
  const double most = limit_ ? std::min(usual, 0.5 * static_cast<double>(limit_->count())) : usual;
  std::size_t pack = fitting(most);
  if (places > 0) pack = std::min(pack, std::max((runs + places - 1) / places, fitting(std::min(least, most))));
  return std::max(pack, static_cast<std::size_t>(at_a_time_));
}

}  // namespace gradus::sweep
