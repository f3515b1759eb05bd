// What a network is trained on: a function of its outputs and the targets, and what is known of it.
#pragma once

#include <concepts>
#include <functional>
#include <utility>

#include "autodiff/random.h"
#include "autodiff/tape.h"

namespace gradus::lab {

// The distribution of which a loss is the negative log-likelihood, from which the model draws labels of its own: what
// the Fisher information is about. For a mean over the elements of an example, d of them, draws are such that the mean
// of the gradients' outer products is the Gauss-Newton matrix of the loss as it is.
enum class Likelihood {
  none,         // not known: no labels can be drawn
  categorical,  // from logits [.., classes], the mean over all positions, as nn::cross_entropy
  normal,       // the mean over all elements of (output - target)^2, as nn::mean_squared_error: a variance of d / 2
  normal_sum,   // the mean over the examples of the sum of (output - target)^2: a variance of 1 / 2
  bernoulli     // from logits, the mean over all elements, as nn::binary_cross_entropy: each element's derivative over
                // sqrt d
};

// (outputs, targets) -> a scalar, e.g. nn::cross_entropy. The likelihoods of nn::cross_entropy and
// nn::mean_squared_error are known without being told.
class Loss {
 public:
  using Function = std::function<Var(const Var& outputs, const Var& targets)>;
  using Pointer = Var (*)(const Var& outputs, const Var& targets);

  Loss(Pointer function);  // NOLINT: written as nn::cross_entropy where a loss is asked for
  template <class F>
  requires(!std::same_as<std::decay_t<F>, Loss> && !std::same_as<std::decay_t<F>, Pointer>)
      Loss(F&& function, Likelihood likelihood = Likelihood::none)  // NOLINT
      : function_(std::forward<F>(function)), likelihood_(likelihood) {}
  Loss(Pointer function, Likelihood likelihood) : function_(function), likelihood_(likelihood) {}

  Var operator()(const Var& outputs, const Var& targets) const { return function_(outputs, targets); }
  Likelihood likelihood() const { return likelihood_; }

 private:
  Function function_;
  Likelihood likelihood_;
};

// Writes the derivatives of each example's loss by its outputs, for labels that the model draws, and returns the number
// of examples (positions, for a categorical likelihood). Throws std::invalid_argument for Likelihood::none.
std::int64_t sampled_scores(Likelihood likelihood, const Tensor& outputs, RandomStream& random, const Tensor& scores);

}  // namespace gradus::lab
