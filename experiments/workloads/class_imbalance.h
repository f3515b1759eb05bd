// Classes as unequal as words, and nothing else: why sign-like methods outrun gradient descent (Kunstner et al. 2024).
#pragma once

#include "experiments/workloads/workload.h"

namespace gradus::workloads {

// Class k of K has the probability p_k = 1/k, over the sum. Its one example is the k-th unit vector, and the logits are
// a matrix without bias times it, which begins at 0: no class shares a weight with another one, and what training does
// to each is known (Kunstner et al., section 3 and appendix). Example k has the weight K p_k in the mean over the
// examples, so that the loss of all is that of the distribution, and one step on the whole set has no noise. With
// gradient flow the loss of a class depends on s = p_k t alone,
//   ln(1 + (K - 1) e^-a),  e^a + (K - 1) a = 1 + K s,
// and with sign descent of rate r it is ln(1 + (K - 1) e^(-2rt)) after t steps, the same for all. The loss of classes
// 1, 10, 100, .. is measured beside that of all.
struct ClassImbalance {
  static constexpr const char* name = "class-imbalance";
  static constexpr const char* summary =
      "one-hot inputs of classes by Zipf's law, whose every loss is known in closed form (Kunstner et al. 2024)";

  std::int64_t classes = 1000;
  lab::Plan plan = {.budget = {lab::steps(1000)}, .evaluate_every = lab::steps(10), .batch_size = lab::whole_set};

  lab::Workload make(lab::Run& run) const;
};

}  // namespace gradus::workloads
