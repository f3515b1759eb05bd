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

FewExamples::FewExamples(const Watched& watched)
    : point_(Tensor::zeros({watched.objective.size()}, watched.objective.dtype())) {
  const Source& train = watched.workload.data.train;
  batch_ = train.rows(0, std::min<std::int64_t>(2, train.size()), watched.objective.dtype());
  watched.objective.set_batch(batch_);
  watched.objective.move_to(point_);
}

}  // namespace gradus::lab
