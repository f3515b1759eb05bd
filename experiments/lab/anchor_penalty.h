// A penalty on the way from points that were good before: what keeps a network near the solutions of earlier tasks.
#pragma once

#include "optim/wrapper.h"

namespace gradus::lab {

class NetworkObjective;
class Source;

// f <- f + strength/2 sum over anchors k and elements i of weight_ki (theta_i - anchor_ki)^2. With the Fisher matrix's
// diagonal as weights this is elastic weight consolidation (Kirkpatrick et al. 2017, eq. 3), with ones an L2 penalty
// towards the old solution. Without an anchor it changes nothing. Curvature is not offered: a method that needs it
// refuses. What it holds is no part of a checkpoint.
//
//   auto penalty = std::make_unique<AnchorPenalty>(strength);
//   AnchorPenalty& anchors = *penalty;
//   optim::DecoratingWrapper optimizer("anchor", std::move(inner), std::move(penalty));
class AnchorPenalty final : public optim::StepDecorator {
 public:
  explicit AnchorPenalty(double strength) : strength_(strength) {}
  // One more anchor, whose numbers are read now.
  void add(const Tensor& point, const Tensor& weights);

 protected:
  double compute_value(const Tensor& theta) override;
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override;
  void change(optim::Curvature& curvature) override { curvature = {}; }

 private:
  double penalty(const Tensor& theta) const;

  double strength_;
  // The sums over the anchors of weight, weight anchor and weight anchor^2: all that the penalty depends on.
  Tensor weight_, pull_;
  double rest_ = 0;
};

// The mean over the first examples of a source (or all, if they are fewer) of the squares of their loss's gradient at a
// point: the diagonal of the empirical Fisher matrix. The objective keeps the batch.
Tensor fisher_diagonal(NetworkObjective& objective, const Source& source, std::int64_t examples, const Tensor& theta);

}  // namespace gradus::lab
