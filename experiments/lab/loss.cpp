#include "experiments/lab/loss.h"

#include <cmath>
#include <stdexcept>
#include <string>

#include "autodiff/fisher.h"
#include "nn/losses.h"

namespace gradus::lab {
namespace {

Likelihood likelihood_of(Loss::Pointer function) {
  if (function == static_cast<Loss::Pointer>(nn::cross_entropy)) return Likelihood::categorical;
  if (function == static_cast<Loss::Pointer>(nn::mean_squared_error)) return Likelihood::normal;
  return Likelihood::none;
}

void bernoulli_scores(const Tensor& logits, RandomStream& random, const Tensor& scores) {
  with_floating(scores.dtype(), [&]<class T>(T) {
    const T* x = logits.data<T>();
    for (T& s : scores.elements<T>()) {
      const double p = 1 / (1 + std::exp(-static_cast<double>(*x++)));
      s = static_cast<T>(random.uniform() < p ? p - 1 : p);
    }
  });
}

void scale(const Tensor& scores, double factor) {
  with_floating(scores.dtype(), [&]<class T>(T) {
    for (T& s : scores.elements<T>()) s *= static_cast<T>(factor);
  });
}

}  // namespace

Loss::Loss(Pointer function) : function_(function), likelihood_(likelihood_of(function)) {}

std::int64_t sampled_scores(Likelihood likelihood, const Tensor& outputs, RandomStream& random, const Tensor& scores) {
  const Shape& shape = outputs.shape();
  if (shape.rank() == 0 || shape.size() == 0)
    throw std::invalid_argument("sampled labels: outputs " + shape.to_string() + ", expected [examples, ...]");
  const std::int64_t examples = shape[0];
  const double elements = static_cast<double>(shape.size() / examples);
  switch (likelihood) {
    case Likelihood::none:
      break;
    case Likelihood::categorical: {
      const std::int64_t classes = shape[shape.rank() - 1], positions = shape.size() / classes;
      categorical_scores(outputs.reshaped({positions, classes}), random, scores.reshaped({positions, classes}));
      return positions;
    }
    case Likelihood::normal:
      normal_scores(random, scores);
      scale(scores, std::sqrt(2 / elements));
      return examples;
    case Likelihood::normal_sum:
      normal_scores(random, scores);
      scale(scores, std::sqrt(2.0));
      return examples;
    case Likelihood::bernoulli:
      bernoulli_scores(outputs, random, scores);
      scale(scores, std::sqrt(1 / elements));
      return examples;
  }
  throw std::invalid_argument(
      "sampled labels: the likelihood of this loss is not known, expected a lab::Loss that names it "
      "(lab::Loss{function, lab::Likelihood::categorical}, normal, normal_sum or bernoulli)");
}

}  // namespace gradus::lab
