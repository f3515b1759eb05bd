#include "nn/losses.h"

namespace gradus::nn {
namespace {

Var difference(const char* loss, const Var& prediction, const Var& target) {
  if (prediction.shape() != target.shape())
    throw std::invalid_argument(std::string(loss) + ": shapes differ: " + prediction.shape().to_string() + " and " +
                                target.shape().to_string());
  return sub(prediction, target);
}

}  // namespace

Var cross_entropy(const Var& logits, const Var& targets) {
  return mean(targets.value().dtype() == DType::int32 ? gradus::cross_entropy(logits, targets)
                                                      : soft_cross_entropy(logits, targets));
}

Var mean_squared_error(const Var& prediction, const Var& target) {
  return mean(square(difference("mean_squared_error", prediction, target)));
}

Var huber(const Var& prediction, const Var& target, double delta) {
  if (!(delta > 0)) throw std::invalid_argument("huber: delta " + std::to_string(delta) + ", expected > 0");
  const Var d = difference("huber", prediction, target);
  const Var inner = clamp(d, -delta, delta);  // d^2/2 inside; delta |d| - delta^2/2 outside
  return mean(inner * (d - 0.5 * inner));
}

}  // namespace gradus::nn
