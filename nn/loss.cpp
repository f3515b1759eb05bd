#include "nn/loss.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "autodiff/fisher.h"
#include "autodiff/tensor/vectors.h"

namespace gradus::nn {

std::int64_t sampled_scores(Likelihood likelihood, const Tensor& outputs, RandomStream& random, const Tensor& scores) {
  const Shape& shape = outputs.shape();
  if (shape.rank() == 0 || shape.size() == 0)
    throw std::invalid_argument(fmt::format("sampled labels: outputs {}, expected [examples, ...]", shape.to_string()));
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
      vectors::scale(std::sqrt(2 / elements), scores);
      return examples;
    case Likelihood::normal_sum:
      normal_scores(random, scores);
      vectors::scale(std::sqrt(2.0), scores);
      return examples;
    case Likelihood::bernoulli:
      bernoulli_scores(outputs, random, scores);
      vectors::scale(std::sqrt(1 / elements), scores);
      return examples;
  }
  throw std::invalid_argument(
      "sampled labels: the likelihood of this loss is not known, expected an nn::Loss that names it "
      "(nn::Loss{function, nn::Likelihood::categorical}, normal, normal_sum or bernoulli)");
}

}  // namespace gradus::nn
