// How many runs a task of a job array does: a task is to last some minutes, since Slurm needs a while for each.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace gradus::sweep {

class Packing {
 public:
  // `fixed` runs a task, unless 0; `at_a_time` of them; `limit` is that of a task's time.
  Packing(int fixed, int at_a_time, std::optional<std::chrono::seconds> limit)
      : fixed_(fixed), at_a_time_(at_a_time), limit_(limit) {}

  // What a run took.
  void learn(double seconds);
  // Whether there is something to go by.
  bool knows_enough(std::size_t runs) const { return fixed_ > 0 || known_ > 0 || runs <= few_; }
  // Runs of a task where so many are to be run. With so many `places` for tasks (0: not known), no place is to stay
  // empty while a task elsewhere does for minutes what could be shared.
  std::size_t runs_of_task(std::size_t runs, std::size_t places) const;

  // So many are tried first, a task each, where nothing is known of many.
  static constexpr std::size_t trial = 16;

 private:
  static constexpr std::size_t few_ = 64;
  int fixed_, at_a_time_;
  std::optional<std::chrono::seconds> limit_;
  double seconds_ = 0;  // of those that are known
  std::size_t known_ = 0;
};

}  // namespace gradus::sweep
