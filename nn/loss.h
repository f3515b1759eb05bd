// What a network is trained on: a function of its outputs and the targets, which knows what it is the likelihood of.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <utility>

#include "autodiff/tape.h"
#include "autodiff/tensor/random.h"

namespace gradus::nn {

// The distribution of which a loss is the negative log-likelihood, from which the model draws labels of its own: what
// the Fisher information is about. For a mean over the elements of an example, d of them, draws are such that the mean
// of the gradients' outer products is the Gauss-Newton matrix of the loss as it is.
enum class Likelihood {
  none,         // not known: no labels can be drawn
  categorical,  // from logits [.., classes], the mean over all positions, as cross_entropy
  normal,       // the mean over all elements of (output - target)^2, as mean_squared_error: a variance of d / 2
  normal_sum,   // the mean over the examples of the sum of (output - target)^2: a variance of 1 / 2
  bernoulli  // from logits, the mean over all elements, as binary_cross_entropy: each element's derivative over sqrt d
};

// (outputs, targets) -> a scalar, e.g. nn::cross_entropy or CrossEntropy{.label_smoothing = 0.1}. A function object
// with a member likelihood() brings it along; of another function it may be told.
class Loss {
 public:
  template <class F>
  requires(!std::same_as<std::decay_t<F>, Loss>) Loss(F&& function)  // NOLINT: written as nn::cross_entropy
      : likelihood_(likelihood_of(function)), function_(std::forward<F>(function)) {}
  template <class F>
  Loss(F&& function, Likelihood likelihood) : likelihood_(likelihood), function_(std::forward<F>(function)) {}

  Var operator()(const Var& outputs, const Var& targets) const { return function_(outputs, targets); }
  Likelihood likelihood() const { return likelihood_; }

 private:
  template <class F>
  static Likelihood likelihood_of(const F& function) {
    if constexpr (requires { function.likelihood(); })
      return function.likelihood();
    else
      return Likelihood::none;
  }

  Likelihood likelihood_;
  std::function<Var(const Var& outputs, const Var& targets)> function_;
};

// Writes the derivatives of each example's loss by its outputs, for labels that the model draws, and returns the number
// of examples (positions, for a categorical likelihood). Throws std::invalid_argument for Likelihood::none.
std::int64_t sampled_scores(Likelihood likelihood, const Tensor& outputs, RandomStream& random, const Tensor& scores);

}  // namespace gradus::nn
