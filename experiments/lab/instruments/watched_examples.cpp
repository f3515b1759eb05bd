#include "experiments/lab/instruments/watched_examples.h"

#include <algorithm>

#include "experiments/lab/workload.h"

namespace gradus::lab {

void WatchedExamples::give(const Moment& at) {
  if (count_ == 0) return;
  const Source& train = at.workload.data.train;
  if (!batch_.inputs.defined()) batch_ = train.rows(0, std::min(count_, train.size()), at.objective.dtype());
  at.objective.set_batch(batch_, static_cast<std::uint64_t>(at.step) + 1);
}

}  // namespace gradus::lab
