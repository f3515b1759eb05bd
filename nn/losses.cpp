#include "nn/losses.h"

#include <fmt/format.h>

#include "autodiff/operations.h"

namespace gradus::nn {
namespace {

void require_equal(const char* loss, const Var& a, const Var& b) {
  if (a.shape() != b.shape())
    throw std::invalid_argument(
        fmt::format("{}: shapes differ: {} and {}", loss, a.shape().to_string(), b.shape().to_string()));
}

Var difference(const char* loss, const Var& prediction, const Var& target) {
  require_equal(loss, prediction, target);
  return sub(prediction, target);
}

}  // namespace

namespace {

std::int64_t classes_of(const char* loss, const Shape& logits) {
  if (logits.rank() < 2)
    throw std::invalid_argument(fmt::format("{}: logits {}, expected [.., classes]", loss, logits.to_string()));
  return logits[logits.rank() - 1];
}

// [.., classes] -> [positions, classes]
Var as_rows(const char* loss, const Var& x) {
  const std::int64_t classes = classes_of(loss, x.shape());
  const Shape rows{x.shape().size(0, x.shape().rank() - 1), classes};
  return x.shape() == rows ? x : reshape(x, rows);
}

// Labels [..] as a list of the same numbers; throws unless they are of int32, one for each position of the logits.
Var as_list(const char* loss, const Var& logits, const Var& labels) {
  Shape expected;
  for (int axis = 0; axis + 1 < logits.shape().rank(); ++axis) expected.append(logits.shape()[axis]);
  const Tensor& list = labels.value();
  if (list.dtype() != DType::int32 || list.shape() != expected)
    throw std::invalid_argument(fmt::format("{}: labels {} of {} for logits {}, expected {} of int32", loss,
                                            list.shape().to_string(), name_of(list.dtype()), logits.shape().to_string(),
                                            expected.to_string()));
  return expected.rank() == 1 ? labels : labels.tape().leaf(list.reshaped({list.size()}));
}

}  // namespace

Var CrossEntropyLoss::operator()(const Var& logits, const Var& targets) const {
  const char* name = "cross_entropy";
  const Var rows = as_rows(name, logits);
  if (targets.value().dtype() == DType::int32) return mean(cross_entropy_each(rows, as_list(name, logits, targets)));
  if (targets.shape() != logits.shape())
    throw std::invalid_argument(
        fmt::format("cross_entropy: targets {} for logits {}, expected equal shapes or labels of int32",
                    targets.shape().to_string(), logits.shape().to_string()));
  return mean(soft_cross_entropy_each(rows, as_rows(name, targets)));
}

namespace {

Var weighted_cross_entropy(const CrossEntropy& options, const Var& logits, const Var& labels, const Var* mask) {
  const char* name = "CrossEntropy";
  const double smoothing = options.label_smoothing;
  if (!(smoothing >= 0 && smoothing <= 1))
    throw std::invalid_argument(fmt::format("CrossEntropy: label smoothing {}, expected 0 to 1", smoothing));
  const Var list = as_list(name, logits, labels);
  Var rows = as_rows(name, logits);
  const std::int64_t classes = rows.shape()[1];
  const bool has_weights = options.class_weights.defined();
  if (has_weights && options.class_weights.shape() != Shape{classes})
    throw std::invalid_argument(fmt::format("CrossEntropy: class weights {} for logits {}",
                                            options.class_weights.shape().to_string(), logits.shape().to_string()));
  if (mask && mask->shape() != labels.shape())
    throw std::invalid_argument(
        fmt::format("CrossEntropy: mask {} for labels {}", mask->shape().to_string(), labels.shape().to_string()));
  if (!has_weights && !mask && smoothing == 0) return mean(cross_entropy_each(rows, list));

  const Var counted = mask ? reshape(*mask, list.shape()) : Var();
  if (mask) rows = select(rows, reshape(counted, {list.shape()[0], 1}));
  const Var per_class = has_weights ? logits.tape().leaf(options.class_weights) : Var();
  Var weights;  // of the examples
  if (has_weights) weights = gather(per_class, list);
  Var losses;
  if (smoothing < 1) {
    losses = cross_entropy_each(rows, list);
    if (has_weights) losses = weighted_by(weights, losses);
    if (smoothing > 0) losses = (1 - smoothing) * losses;
  }
  if (smoothing > 0) {
    const Var log_p = log_softmax(rows);
    const Var even = sum(has_weights ? weighted_by(per_class, log_p) : log_p, {1});
    const Var smooth = (-smoothing / static_cast<double>(classes)) * even;
    losses = losses.defined() ? losses + smooth : smooth;
  }
  if (mask) {
    losses = losses * counted;
    weights = has_weights ? weights * counted : counted;
  }
  if (!weights.defined()) return mean(losses);
  const Var total = sum(weights);
  if (!(total.item() > 0))
    throw std::invalid_argument(
        fmt::format("CrossEntropy: the weights of the examples add up to {}, expected more than 0", total.item()));
  return sum(losses) / total;
}

}  // namespace

Var CrossEntropy::operator()(const Var& logits, const Var& labels) const {
  return weighted_cross_entropy(*this, logits, labels, nullptr);
}
Var CrossEntropy::operator()(const Var& logits, const Var& labels, const Var& mask) const {
  return weighted_cross_entropy(*this, logits, labels, &mask);
}

Var BinaryCrossEntropyLoss::operator()(const Var& logits, const Var& targets, double positive_weight) const {
  require_equal("binary_cross_entropy", logits, targets);
  if (!(positive_weight > 0))
    throw std::invalid_argument(fmt::format("binary_cross_entropy: positive weight {}, expected > 0", positive_weight));
  const Var of_negative = weighted_by(1 - targets, softplus(logits)),
            of_positive = weighted_by(targets, softplus(-logits));
  return mean(of_negative + (positive_weight == 1 ? of_positive : positive_weight * of_positive));
}

Var kl_divergence(const Var& log_q, const Var& p) {
  require_equal("kl_divergence", log_q, p);
  if (p.shape().rank() != 2 || p.shape()[0] == 0)
    throw std::invalid_argument(fmt::format("kl_divergence: {}, expected [batch, classes]", p.shape().to_string()));
  const Var log_p = log(where(p, p, p.tape().scalar(1)));
  return sum(weighted_by(p, log_p - log_q)) / static_cast<double>(p.shape()[0]);
}

Var hinge(const Var& scores, const Var& targets, double margin) {
  require_equal("hinge", scores, targets);
  return mean(relu(margin - targets * scores));
}

// [batch, classes], as the scores.
static Var one_hot(const Var& scores, const Var& labels) {
  const Var ones = broadcast_to(scores.tape().scalar(1), {scores.shape()[0]});
  return apply(ops::PutInRow{scores.shape()[1]}, ones, labels);
}

Var multiclass_hinge(const Var& scores, const Var& labels, double margin, int power) {
  if (power != 1 && power != 2)
    throw std::invalid_argument(fmt::format("multiclass_hinge: power {}, expected 1 or 2", power));
  if (scores.shape().rank() != 2)
    throw std::invalid_argument(
        fmt::format("multiclass_hinge: scores {}, expected [batch, classes]", scores.shape().to_string()));
  const Var own = reshape(take_from_row(scores, labels), {scores.shape()[0], 1});
  const Var is_own = one_hot(scores, labels);
  const Var excess = relu(apply(ops::Select{false}, scores - own + margin, is_own));  // of the other classes
  return mean(power == 1 ? excess : square(excess));
}

Var MeanSquaredErrorLoss::operator()(const Var& prediction, const Var& target) const {
  return mean(square(difference("mean_squared_error", prediction, target)));
}

Var OneHotSquaredErrorLoss::operator()(const Var& scores, const Var& labels) const {
  if (scores.shape().rank() != 2)
    throw std::invalid_argument(
        fmt::format("one_hot_squared_error: scores {}, expected [batch, classes]", scores.shape().to_string()));
  return sum(square(scores - one_hot(scores, labels))) * (1 / static_cast<double>(scores.shape()[0]));
}

Var mean_absolute_error(const Var& prediction, const Var& target) {
  return mean(abs(difference("mean_absolute_error", prediction, target)));
}

Var huber(const Var& prediction, const Var& target, double delta) {
  if (!(delta > 0)) throw std::invalid_argument(fmt::format("huber: delta {}, expected > 0", delta));
  const Var d = difference("huber", prediction, target);
  const Var inner = clamp(d, -delta, delta);  // d^2/2 inside; delta |d| - delta^2/2 outside
  return mean(inner * (d - 0.5 * inner));
}

std::int64_t right_answers(const Tensor& logits, const Tensor& labels, int k) {
  const std::int64_t classes = classes_of("accuracy", logits.shape()), positions = labels.size();
  if (positions == 0 || positions * classes != logits.size() || k < 1)
    throw std::invalid_argument(
        fmt::format("accuracy: labels {} for logits {} and k = {}, expected [..] for [.., classes] and k >= 1",
                    labels.shape().to_string(), logits.shape().to_string(), k));
  check_indices("accuracy", labels, classes);
  const std::int32_t* label = labels.data<std::int32_t>();
  std::int64_t right = 0;
  with_floating(logits.dtype(), [&]<class T>(T) {
    const T* row = logits.data<T>();
    for (std::int64_t i = 0; i < positions; ++i, row += classes) {
      const T own = row[label[i]];
      std::int64_t before = 0;  // how many come before the label's
      for (std::int64_t c = 0; c < classes; ++c)
        if (c != label[i]) before += !(row[c] <= own) || (row[c] == own && c < label[i]);
      right += before < k && own == own;
    }
  });
  return right;
}

double top_k_accuracy(const Tensor& logits, const Tensor& labels, int k) {
  const std::int64_t right = right_answers(logits, labels, k);
  return static_cast<double>(right) / static_cast<double>(labels.size());
}

}  // namespace gradus::nn
