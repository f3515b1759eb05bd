#include "experiments/lab/anchor_penalty.h"

#include <algorithm>

#include "experiments/lab/network_objective.h"
#include "optim/update.h"

namespace gradus::lab {

void AnchorPenalty::add(const Tensor& point, const Tensor& weights) {
  optim::ensure_state(weight_, point);
  optim::ensure_state(pull_, point);
  update_each(
      weight_, weights,
      []<class T>(T) {
        return [](T& sum, T weight, T& pull, T anchor) {
          sum += weight;
          pull += weight * anchor;
        };
      },
      pull_, point);
  for (std::int64_t i = 0; i < point.size(); ++i) rest_ += weights.at(i) * point.at(i) * point.at(i);
  invalidate();
}

double AnchorPenalty::compute_value(const Tensor& theta) {
  return ObjectiveDecorator::compute_value(theta) + penalty(theta);
}

double AnchorPenalty::compute_gradient(const Tensor& theta, const Tensor& gradient) {
  const double value = ObjectiveDecorator::compute_gradient(theta, gradient);
  if (!weight_.defined()) return value;
  update_each(
      gradient, theta,
      [this]<class T>(T) {
        return [s = T(strength_)](T& to, T x, T weight, T pull) { to += s * (weight * x - pull); };
      },
      weight_, pull_);
  return value + penalty(theta);
}

double AnchorPenalty::penalty(const Tensor& theta) const {
  if (!weight_.defined()) return 0;
  double sum = rest_;
  with_floating(theta.dtype(), [&]<class T>(T) {
    const auto x = theta.elements<T>(), weight = weight_.elements<T>(), pull = pull_.elements<T>();
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto at = static_cast<double>(x[i]);
      sum += at * (static_cast<double>(weight[i]) * at - 2 * static_cast<double>(pull[i]));
    }
  });
  return strength_ / 2 * sum;
}

Tensor fisher_diagonal(NetworkObjective& objective, const Source& source, std::int64_t examples, const Tensor& theta) {
  const auto& squares = optim::require(objective, &optim::Curvature::gradient_squares, "fisher_diagonal");
  const Batch batch = source.rows(0, std::min(examples, source.size()), objective.dtype());
  Tensor diagonal = Tensor::uninitialized(theta.shape(), theta.dtype());
  objective.set_batch(batch);
  objective.move_to(theta);
  squares(diagonal);
  return diagonal;
}

}  // namespace gradus::lab
