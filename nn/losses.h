// Losses: the mean over the batch, a scalar. And shares of right answers. All throw std::invalid_argument for other
// shapes than they say.
#pragma once

#include "autodiff/tape.h"
#include "nn/loss.h"

namespace gradus::nn {

// From logits [.., classes] and labels [..] of int32 or, otherwise, targets [.., classes]; in nats. The mean over all
// positions.
struct CrossEntropyLoss {
  Var operator()(const Var& logits, const Var& targets) const;
  Likelihood likelihood() const { return Likelihood::categorical; }
};
inline constexpr CrossEntropyLoss cross_entropy;

// The cross-entropy with its options, which is used like the function: CrossEntropy{.label_smoothing = 0.1}(logits,
// labels). With w(c) the class weights (1 if there are none), e the smoothing and C classes, an example of label y
// loses
//   (1 - e) w(y) (-ln p(y)) + e / C  sum_c w(c) (-ln p(c)),
// and the result is the sum over the examples divided by the sum of their w(y), as in PyTorch. Labels are of int32.
struct CrossEntropy {
  double label_smoothing = 0;  // e, in [0, 1]; Szegedy et al. (2016)
  Tensor class_weights = {};   // [classes], of the tape's type

  // With weights or smoothing it is no likelihood.
  Likelihood likelihood() const {
    return label_smoothing == 0 && !class_weights.defined() ? Likelihood::categorical : Likelihood::none;
  }
  Var operator()(const Var& logits, const Var& labels) const;
  // With a mask of the labels' shape, whose elements (1, or 0 for what does not count, or any weights) multiply both an
  // example's loss and its w(y). What does not count has no influence, even if its logits are not finite. Throws if
  // nothing counts.
  Var operator()(const Var& logits, const Var& labels, const Var& mask) const;
};

// From logits and targets in [0, 1], of equal shapes; the mean over all elements. A target t and a logit x lose
//   -(t positive_weight ln s(x) + (1 - t) ln(1 - s(x))),  s the logistic function,
// computed without overflow and cancellation; a term with weight 0 is 0 for an infinite logit too.
struct BinaryCrossEntropyLoss {
  Var operator()(const Var& logits, const Var& targets, double positive_weight = 1) const;
  Likelihood likelihood() const { return Likelihood::bernoulli; }
};
inline constexpr BinaryCrossEntropyLoss binary_cross_entropy;

// From log-probabilities [batch, classes] of the model and probabilities [batch, classes], the mean over the batch of
// sum_c p(c) (ln p(c) - log_q(c)): PyTorch's "batchmean". Where p(c) = 0 the term is 0, also for log_q(c) = -infinity,
// and ln p(c) in its derivative with respect to p(c), which would be infinite, counts as 0.
Var kl_divergence(const Var& log_q, const Var& p);

// From scores and targets of -1 or 1, of equal shapes: the mean of max(0, margin - t x). Cortes &
// Vapnik (1995).
Var hinge(const Var& scores, const Var& targets, double margin = 1);

// From scores [batch, classes] and labels [batch] of int32: the mean over the batch of
// sum_{c != y} max(0, margin + x(c) - x(y))^power / classes; power 1 or 2. Weston & Watkins (1999).
Var multiclass_hinge(const Var& scores, const Var& labels, double margin = 1, int power = 1);

// mean (prediction - target)^2 over all elements; equal shapes.
struct MeanSquaredErrorLoss {
  Var operator()(const Var& prediction, const Var& target) const;
  Likelihood likelihood() const { return Likelihood::normal; }
};
inline constexpr MeanSquaredErrorLoss mean_squared_error;

// From scores [batch, classes] and labels [batch] of int32: the mean over the batch of sum_c (score(c) - 1{c = y})^2,
// the squared error against one-hot targets.
struct OneHotSquaredErrorLoss {
  Var operator()(const Var& scores, const Var& labels) const;
  Likelihood likelihood() const { return Likelihood::normal_sum; }
};
inline constexpr OneHotSquaredErrorLoss one_hot_squared_error;

// mean |prediction - target| over all elements; equal shapes.
Var mean_absolute_error(const Var& prediction, const Var& target);

// Mean over all elements of d^2 / 2 where |d| <= delta, and delta (|d| - delta / 2) elsewhere; d = prediction - target.
// Huber (1964).
Var huber(const Var& prediction, const Var& target, double delta = 1);

// How many positions have their label among the k largest of logits [.., classes]; labels [..] of int32. Among equal
// logits the lower class comes first; NaN counts as larger than everything but is never right.
std::int64_t right_answers(const Tensor& logits, const Tensor& labels, int k = 1);
// Their share.
double top_k_accuracy(const Tensor& logits, const Tensor& labels, int k);
inline double accuracy(const Tensor& logits, const Tensor& labels) { return top_k_accuracy(logits, labels, 1); }

}  // namespace gradus::nn
